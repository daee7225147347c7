"""Log lines: what they hold, and what never reaches them."""

import ast
import errno
import io
import json
import logging
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bridge import log
from bridge.errors import BridgeError

SECRET = "my parcel 4711 is lost"
HOUSE = Path(__file__).parents[2]


@pytest.fixture
def written(monkeypatch):
    """Sets logging up in a format and gives what was written since; everything is as before afterwards."""
    root = logging.getLogger()
    loggers = [root, *(each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger))]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    for module, name in ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook")):
        monkeypatch.setattr(module, name, getattr(module, name))
    stream = io.StringIO()

    def start(log_format: str):
        monkeypatch.setattr(sys, "stderr", stream)
        log.setup(log_format, "worker score")
        return stream.getvalue

    yield start
    for each, handlers, level, propagate in before:
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)


def only_line(text: str) -> dict:
    (line,) = text.splitlines()
    return json.loads(line)


def fail_with(error: BaseException):
    """An exception as it is when caught: with the place it was raised at."""
    try:
        raise error
    except type(error) as caught:
        return caught


OURS = logging.getLogger("moodbridge.score")
THEIRS = logging.getLogger("somebody.else")


# What a line holds


def test_a_json_line_says_when_who_what_and_its_fields(written):
    read = written("json")
    OURS.info("settled %d messages", 3, extra={"workspace": "acme", "message_id": "m-1", "ms": 12.3456, "run": None})
    line = only_line(read())
    assert line.pop("time").endswith("+00:00")
    assert line.pop("pid") > 0
    assert line == {
        "level": "info",
        "process": "worker score",
        "logger": "moodbridge.score",
        "text": "settled 3 messages",
        "workspace": "acme",
        "message_id": "m-1",
        "ms": 12.346,
        "run": None,
    }


def test_a_text_line_is_calm(written):
    read = written("text")
    OURS.info("settled %d messages", 3, extra={"workspace": "acme", "run": None})
    _, rest = read().split("  ", 1)
    assert rest == "worker score      settled 3 messages  workspace=acme\n"


def test_a_text_line_names_its_level_from_warning_on(written):
    read = written("text")
    OURS.warning("slow disk")
    assert "warning: slow disk" in read()


def test_a_text_line_stays_one_line_and_steers_no_terminal(written):
    read = written("text")
    OURS.info("first\nsecond\x1b[31m", extra={"ticket": "a\nb"})
    assert read().count("\n") == 1
    assert "\x1b" not in read()


def test_a_json_line_is_ascii(written):
    read = written("json")
    OURS.info("Grüße \udce9", extra={"ticket": "ü"})
    assert read().isascii()
    assert only_line(read())["ticket"] == "ü"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_debug_lines_are_left_out(written, log_format):
    read = written(log_format)
    OURS.debug("detail")
    assert read() == ""


def test_a_field_is_cut_to_a_sane_length(written):
    read = written("json")
    OURS.info("x" * 5000, extra={"ticket": "y" * 5000})
    assert (len(only_line(read())["text"]), len(only_line(read())["ticket"])) == (1000, 200)


def test_arguments_that_do_not_fit_do_not_break_the_line(written):
    read = written("json")
    OURS.info("%d messages", "three")
    assert only_line(read())["text"] == "%d messages (its arguments do not fit)"


def test_setting_up_twice_writes_once(written):
    written("json")
    read = written("json")
    OURS.info("once")
    assert only_line(read())["text"] == "once"


# Exceptions


def test_an_exception_leaves_its_type_and_places_but_not_its_text(written):
    read = written("json")
    OURS.error("failed", exc_info=fail_with(ValueError(SECRET)))
    assert SECRET not in read()
    (error,) = only_line(read())["error"]
    assert error["type"] == "ValueError"
    assert error["at"][0].startswith("tests/bridge/test_log.py:")
    assert error["at"][0].endswith(" fail_with")


def test_the_text_of_our_own_errors_is_written(written):
    read = written("json")
    OURS.error("failed", exc_info=fail_with(BridgeError("set REDIS_URL")))
    assert only_line(read())["error"][0]["text"] == "set REDIS_URL"


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_causes_are_written_by_the_same_rule(written, log_format):
    read = written(log_format)
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as cause:
            raise BridgeError("mend it") from cause
    except BridgeError:
        OURS.exception("failed")
    assert SECRET not in read()
    assert all(part in read() for part in ("BridgeError", "mend it", "KeyError"))


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_exception_within_an_exception_is_written_unless_suppressed(written, log_format):
    read = written(log_format)
    try:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise BridgeError("mend it") from None
    except BridgeError:
        OURS.exception("failed")
    assert "KeyError" not in read()


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("logger", [OURS, THEIRS])
def test_an_exception_as_an_argument_or_a_message_leaves_its_type_only(written, log_format, logger):
    read = written(log_format)
    logger.error("failed: %s", ValueError(SECRET))
    logger.error(ValueError(SECRET))
    logger.error("%(error)s", {"error": ValueError(SECRET)})
    assert SECRET not in read()
    assert read().count("ValueError") == 3


def test_an_exception_as_a_field_leaves_its_type_only(written):
    read = written("json")
    OURS.error("failed", extra={"error_kind": ValueError(SECRET)})
    assert only_line(read())["error_kind"] == "ValueError"


def test_the_operating_systems_reason_is_written_without_the_file(written):
    read = written("json")
    OURS.error("failed", exc_info=fail_with(OSError(errno.ENOSPC, "No space left on device", f"/home/{SECRET}")))
    assert only_line(read())["error"][0]["code"] == "No space left on device"
    assert SECRET not in read()


def test_the_databases_code_is_written_without_the_statement(written):
    read = written("json")
    try:
        sqlite3.connect(":memory:").execute(f"{SECRET!r} is no statement")
    except sqlite3.Error:
        OURS.exception("failed")
    assert only_line(read())["error"][0]["code"] == "SQLITE_ERROR"
    assert SECRET not in read()


def test_a_deep_traceback_is_cut(written):
    read = written("json")

    def dive(depth: int) -> None:
        if depth == 0:
            raise ValueError(SECRET)
        dive(depth - 1)

    try:
        dive(200)
    except ValueError:
        OURS.exception("failed")
    assert len(only_line(read())["error"][0]["at"]) == 25


# Addresses that are secrets


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("POST /hooks/abcdefghijklmnop 202", "POST /hooks/****mnop 202"),
        ("at /hooks/abcdefghijklmnop?x=1", "at /hooks/****mnop?x=1"),
        ("redis://:hunter2@cache:6379/0 is gone", "redis://****@cache:6379/0 is gone"),
        ("GET https://api.example.com/v1?key=hunter2&a=b failed", "GET https://api.example.com/v1?**** failed"),
        ("3/4 done", "3/4 done"),
    ],
)
def test_passwords_queries_and_hooks_are_masked_in_sentence_field_and_error(written, said, kept):
    read = written("json")
    OURS.error(said, extra={"place": said}, exc_info=fail_with(BridgeError(said)))
    line = only_line(read())
    assert (line["text"], line["place"], line["error"][0]["text"]) == (kept, kept, kept)


# Other people's loggers


def test_other_peoples_lines_begin_at_warning(written):
    read = written("json")
    THEIRS.info("chatter")
    THEIRS.warning("trouble")
    assert only_line(read())["text"] == "trouble"


def test_a_library_that_turns_its_own_level_down_stays_quiet(written):
    read = written("json")
    logging.getLogger("rq.worker").setLevel("DEBUG")
    logging.getLogger("rq.worker").info("Job description: %s", SECRET)
    assert read() == ""


def test_handlers_that_a_library_brought_are_taken_away(written):
    own = io.StringIO()
    THEIRS.addHandler(logging.StreamHandler(own))
    THEIRS.propagate = False
    read = written("json")
    THEIRS.error("trouble")
    assert (own.getvalue(), only_line(read())["text"]) == ("", "trouble")


def test_of_other_peoples_arguments_only_numbers_and_plain_names_are_kept(written):
    read = written("json")
    THEIRS.warning("job %s failed after %d tries in %.1f s: %s", "jobs.score:drain", 3, 1.25, SECRET)
    assert only_line(read())["text"] == "job jobs.score:drain failed after 3 tries in 1.2 s: <str>"


def test_of_other_peoples_messages_only_the_first_line_is_kept(written):
    read = written("json")
    THEIRS.error(f"Application callable raised an exception\nTraceback ...\nValueError: {SECRET}")
    assert only_line(read())["text"] == "Application callable raised an exception"


def test_other_peoples_fields_are_left_out(written):
    read = written("json")
    THEIRS.error("trouble", extra={"body": SECRET})
    assert SECRET not in read()


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_other_peoples_exceptions_follow_the_rule(written, log_format):
    read = written(log_format)
    THEIRS.error("trouble", exc_info=fail_with(RuntimeError(SECRET)))
    assert SECRET not in read()
    assert "RuntimeError" in read()


def test_rq_brings_no_handler_of_its_own(written):
    from rq.logutils import setup_loghandlers

    read = written("json")
    setup_loghandlers("INFO", name="rq.worker")
    logging.getLogger("rq.worker").error("Worker %s: job %s failed (%s)", "w1", "j1", f"Traceback\n{SECRET}")
    assert only_line(read())["text"] == "Worker w1: job j1 failed (<str>)"


# The ends of a process


CRASHES = {
    "the main thread": "raise ValueError(SECRET)",
    "another thread": "import threading; t = threading.Thread(target=lambda: int(SECRET)); t.start(); t.join()",
    "a clean-up": "class A:\n def __del__(self): raise ValueError(SECRET)\na = A(); del a",
    "a line that cannot be written": (
        "import logging, sys\n"
        "class Odd:\n"
        " def __str__(self): raise RuntimeError(SECRET)\n"
        "logging.getLogger('moodbridge').error('%s', Odd())"
    ),
}


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("place", CRASHES)
def test_a_crash_follows_the_rule(place, log_format):
    program = f"SECRET = input()\nfrom bridge import log\nlog.setup({log_format!r}, 'web')\n{CRASHES[place]}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=SECRET,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=HOUSE,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert ("ValueError" in done.stderr) == (place != "a line that cannot be written")


def test_no_line_of_the_house_uses_a_field_name_that_logging_keeps():
    """`extra={"message": ...}` raises KeyError, and only when the line is reached."""
    kept = []
    for path in [path for folder in ("bridge", "connectors", "jobs") for path in (HOUSE / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "extra" and isinstance(node.value, ast.Dict):
                names = [key.value for key in node.value.keys if isinstance(key, ast.Constant)]
                kept += [f"{path}:{node.value.lineno} {name}" for name in names if name in log.RESERVED]
    assert kept == []

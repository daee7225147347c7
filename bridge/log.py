"""Logs: one line an event, JSON or calm text, to stderr. No line holds a customer's words, a key or a hook's address.

Rules: of an exception only its type, its code (errno, SQLSTATE) and the places it passed are written, since its
text may quote the data it failed on; the text of a BridgeError is ours and is written. Other people's loggers
speak at WARNING, and of their arguments only numbers and plain names are kept.
"""

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from bridge.errors import BridgeError

OURS = "moodbridge"
LONGEST_VALUE = 200
LONGEST_TEXT = 1000
MOST_FRAMES = 25
MOST_CAUSES = 5
RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Names that logging keeps for itself: `extra` may not hold them."""
PLAIN_NAME = re.compile(r"[\w.:@+=~-]{1,120}")
SECRET_PARTS = (
    (re.compile(r"(/hooks/)[^\s/?#'\"]*?([^\s/?#'\"]{4})(?=[\s/?#'\"]|$)"), r"\1****\2"),
    (re.compile(r"(://)[^\s/@'\"]*@"), r"\1****@"),
    (re.compile(r"(://[^\s?'\"]*\?)[^\s'\"]*"), r"\1****"),
)
ROOT = f"{Path(__file__).resolve().parent.parent}/"


def setup(log_format: str, process: str) -> None:
    """Sends every logger of this process to stderr. `log_format`: json or text; `process`: its short name.

    Extra fields of a line come from `extra={...}`: numbers, strings, None. The id of a message is
    `message_id`, because `message` is a name that logging keeps for itself.
    """
    handler = _Handler(sys.stderr)
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or _is_ours(record.name))
    handler.setFormatter(_JsonLines(process) if log_format == "json" else _Text(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers[:] = []
            logger.propagate = True
            if not _is_ours(logger.name):
                logger.setLevel(logging.NOTSET)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    sys.unraisablehook = _unraisable


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What `extra` gave a line of ours; nothing of other people's, who may put anything there."""
    if not _is_ours(record.name):
        return {}
    return {name: _short(value) for name, value in vars(record).items() if name not in RESERVED}


def text_of(record: logging.LogRecord) -> str:
    """The sentence of a line, with secrets and exceptions' texts left out."""
    ours = _is_ours(record.name)
    template = str(record.msg)
    if isinstance(record.msg, BaseException):
        template = _told(record.msg)
    elif record.args:
        try:
            template = template % _told_args(record.args, ours)
        except (TypeError, ValueError, KeyError):
            template += " (its arguments do not fit)"
    return _clean(template if ours else template.partition("\n")[0], LONGEST_TEXT)


def error_of(error: BaseException | None) -> list[dict[str, object]]:
    """An exception and what caused it, the outermost first: type, code, places, and the text if it is ours."""
    return [_one_error(each) for each in _causes(error)]


def _one_error(error: BaseException) -> dict[str, object]:
    told: dict[str, object] = {"type": _type_of(error)}
    if isinstance(error, BridgeError):
        told["text"] = _clean(str(error), LONGEST_TEXT)
    if code := _code_of(error):
        told["code"] = code
    told["at"] = list(_places(error.__traceback__))
    return told


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(MOST_CAUSES):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _type_of(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _code_of(error: BaseException) -> str | None:
    """The short code of the operating system, PostgreSQL or SQLite: it says much and quotes nothing."""
    for name in ("sqlstate", "sqlite_errorname"):
        code = getattr(error, name, None)
        if isinstance(code, str):
            return code[:40]
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return None


def _places(trace: TracebackType | None) -> Iterator[str]:
    frames = list(traceback.walk_tb(trace))[-MOST_FRAMES:]
    for frame, line in frames:
        file = frame.f_code.co_filename
        where = file.rpartition("/site-packages/")[2].removeprefix(ROOT)
        yield f"{where}:{line} {frame.f_code.co_qualname}"


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, BridgeError) else _type_of(error)


def _told_args(args: object, ours: bool) -> Any:
    if isinstance(args, Mapping):
        return {name: _told_arg(value, ours) for name, value in args.items()}
    return tuple(_told_arg(value, ours) for value in args) if isinstance(args, tuple) else args


def _told_arg(value: object, ours: bool) -> object:
    if isinstance(value, BaseException):
        return _told(value)
    if ours or isinstance(value, (int, float)) or value is None:
        return value
    text = str(value)
    return text if PLAIN_NAME.fullmatch(text) else f"<{type(value).__name__}>"


def _short(value: object) -> object:
    if isinstance(value, float):
        return round(value, 3)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, BaseException):
        return _told(value)
    return _clean(str(value), LONGEST_VALUE)


def _clean(text: str, longest: int) -> str:
    """The text cut to a length, without passwords and query strings; of a hook's address its end alone."""
    if "/" in text:
        for pattern, replacement in SECRET_PARTS:
            text = pattern.sub(replacement, text)
    return text[:longest]


def _is_ours(name: str) -> bool:
    return name == OURS or name.startswith(OURS + ".")


class _Handler(logging.StreamHandler[Any]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Logging's own way prints the arguments; a line that cannot be written is dropped instead."""


class _JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "logger": record.name,
            "text": text_of(record),
            **fields_of(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = error_of(record.exc_info[1])
        return json.dumps(line)


class _Text(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        fields = "".join(f"  {name}={value}" for name, value in fields_of(record).items() if value is not None)
        line = _visible(f"{moment}  {self._process:<16}  {level}{text_of(record)}{fields}")
        if record.exc_info and record.exc_info[1] is not None:
            for number, error in enumerate(error_of(record.exc_info[1])):
                opening = "caused by " if number else ""
                told = " ".join(str(error[part]) for part in ("code", "text") if part in error)
                line += f"\n    {opening}{error['type']}" + _visible(f": {told}" if told else "")
                line += "".join(f"\n      {place}" for place in error["at"])  # type: ignore[attr-defined]
        return line


def _visible(text: str) -> str:
    """One line, without what would steer a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, KeyboardInterrupt):
        return
    logging.getLogger(OURS).critical("crashed", exc_info=(kind, error, trace))


def _thread_crashed(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None and not isinstance(crash.exc_value, SystemExit):
        name = crash.thread.name if crash.thread else "unknown"
        trouble = (crash.exc_type, crash.exc_value, crash.exc_traceback)
        logging.getLogger(OURS).critical("thread %s crashed", name, exc_info=trouble)


def _unraisable(trouble: "sys.UnraisableHookArgs") -> None:
    if trouble.exc_value is not None:
        logging.getLogger(OURS).error(
            "an error in a clean-up", exc_info=(trouble.exc_type, trouble.exc_value, trouble.exc_traceback)
        )

"""The documentation tells what the program does: commands, settings, metrics, modules, links and examples exist."""

import ast
import functools
import http.server
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest

from bridge import signing, workspace_settings
from bridge.cli import moodbridge
from bridge.connector import Access, HookRequest, discover
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.scale import label_of
from bridge.scoring.scorers import offline_verdict, reading, trusted
from bridge.settings import FILE_SUFFIX, SETTINGS
from bridge.web.metrics import Metrics
from bridge.workspace_settings import WorkspaceSettings
from connectors.api import CONNECTOR

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bridge", "connectors", "jobs")
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md"), *ROOT.glob("connectors/*/README.md")]
)
GENERATOR = runpy.run_path(str(ROOT / "docs" / "generate.py"))


def page(name: str) -> str:
    return (ROOT / name).read_text()


def block(text: str, language: str) -> str:
    """The first code block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    assert found is not None, f"there is no {language} block"
    return found[1]


def first_cells(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table behind a heading, without its head."""
    part = text.partition(heading)[2]
    rows = re.search(r"(?:^\|.*\n)+", part, flags=re.MULTILINE)
    assert rows is not None, f"there is no table under {heading}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows[0].splitlines()[2:]]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# What is made from the program


@pytest.mark.parametrize("path", GENERATOR["pages"](), ids=lambda path: path.name)
def test_a_page_that_is_made_is_fresh(path: Path) -> None:
    """When this fails: python docs/generate.py"""
    assert path.read_text() == GENERATOR["pages"]()[path]


# Commands


def commands(group: click.Group = moodbridge, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does(name: str) -> None:
    assert COMMANDS[name].get_short_help_str()


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_says_what_it_is(name: str) -> None:
    silent = [one.name for one in COMMANDS[name].params if isinstance(one, click.Option) and not one.help]
    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_lines_page_shows_the_help_as_the_program_prints_it(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When this fails: python docs/generate.py"""
    monkeypatch.setenv("COLUMNS", "80")
    moodbridge.main([*name.split(), "--help"], prog_name="moodbridge", standalone_mode=False)
    assert f"```\n$ moodbridge {name} --help\n{capsys.readouterr().out}```\n" in page("docs/cli.md")


def test_the_command_lines_page_shows_no_other_commands() -> None:
    assert re.findall(r"^\$ moodbridge (.+) --help$", page("docs/cli.md"), flags=re.MULTILINE) == sorted(COMMANDS)


@pytest.mark.parametrize("kind", sorted(discover()))
def test_the_command_lines_page_names_the_options_of_each_kind(kind: str) -> None:
    told = page("docs/cli.md").partition(f"**{kind}**: ")[2].partition("**")[0].partition("##")[0]
    assert re.findall(r"^- `--([\w-]+)`", told, flags=re.MULTILINE) == [one.name for one in discover()[kind].options]


def examples() -> list[tuple[str, str]]:
    """Every `moodbridge ...` that a page tells to type, with the page."""
    found = []
    for path in PAGES:
        text = path.read_text()
        for line in re.findall(r"(?:^ *(?:\$ )?|`)(?:\S*/)?moodbridge ([a-z][^`\n]*)", text, flags=re.MULTILINE):
            found.append((str(path.relative_to(ROOT)), line.partition("  #")[0].strip()))
    return sorted(set(found))


@pytest.mark.parametrize(("where", "line"), examples())
def test_a_command_that_a_page_names_exists(where: str, line: str) -> None:
    words = shlex.split(line.replace("...", ""))
    command: click.Command = moodbridge
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            break
        command = found
        words.pop(0)
    assert command is not moodbridge, f"{where}: there is no `moodbridge {line}`"
    known = {name for one in command.params for name in one.opts} | {"--help"}
    if command.name == "connect":
        options = [one for connector in discover().values() for one in connector.options]
        known |= {f"--{one.name}{end}" for one in options for end in ("", "-stdin", "-env")}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, f"{where}: `moodbridge {command.name}` has no {given - known}"


# Settings


def test_the_settings_page_lists_every_setting_and_no_other() -> None:
    listed = [names_in(row[0]) for row in first_cells(page("docs/settings.md"), "# Settings")]
    assert listed == [[one.name, *([one.name + FILE_SUFFIX] if one.secret else [])] for one in SETTINGS]


def workspace_rows() -> dict[str, list[str]]:
    return {names_in(row[0])[0]: row[1:] for row in first_cells(page("docs/operate.md"), "## Settings of a workspace")}


def test_every_setting_of_a_workspace_is_listed_and_no_other() -> None:
    assert set(workspace_rows()) == set(workspace_settings.public(WorkspaceSettings()))


@pytest.mark.parametrize("key", workspace_settings.public(WorkspaceSettings()))
def test_the_default_of_a_workspaces_setting_is_told(key: str) -> None:
    default = workspace_rows()[key][0]
    assert getattr(workspace_settings.changed(WorkspaceSettings(), {key: default}), key) == getattr(
        WorkspaceSettings(), key
    )


@functools.cache
def uses() -> set[str]:
    """Names that the product reads from anything, the settings' own module apart."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "workspace_settings.py":
                nodes = ast.walk(ast.parse(path.read_text()))
                found |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return found | ({"scale"} if "buckets" in found else set())  # read by this property


@pytest.mark.parametrize("key", workspace_settings.public(WorkspaceSettings()))
def test_a_workspaces_setting_is_said_to_be_unused_just_as_long_as_it_is(key: str) -> None:
    """When this fails, a setting has got its effect: docs/operate.md must say which."""
    assert workspace_rows()[key][1].startswith("not used yet") is (key not in uses())


# Metrics


def test_a_metric_that_the_pages_name_exists_and_the_reverse(runtime: Runtime) -> None:
    metrics = Metrics(runtime, Receiver(runtime))
    metrics.answered(202, 0.001)
    lines = metrics.text().decode().splitlines()
    exposed = {line.split()[2] for line in lines if line.startswith("# TYPE moodbridge_")}
    told = set(re.findall(r"moodbridge_[a-z_]+[a-z]", page("docs/operate.md"))) - {"moodbridge_key"}
    assert told == {name for name in exposed if not name.endswith("_created")}


# Modules


def modules() -> set[str]:
    """Every module of the product but those of packages that say nothing."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix() for path in paths if path.name != "__init__.py"}


def told_modules() -> set[str]:
    """The paths in the tree of docs/architecture.md, read from its indentation."""
    found, folders = set(), [""]
    for line in block(page("docs/architecture.md").partition("<!-- made: tree -->")[2], "").splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        folders[depth + 1 :] = [folders[depth] + name] if name.endswith("/") else []
        if not name.endswith("/"):
            found.add(folders[depth] + name)
    return found


def test_the_tree_names_every_module_and_no_other() -> None:
    """When this fails: python docs/generate.py"""
    assert told_modules() == modules()


@pytest.mark.parametrize("where", ["docs/architecture.md", "docs/sources.md", "docs/scoring.md", "README.md"])
def test_a_file_that_a_page_names_exists(where: str) -> None:
    named = re.findall(r"`((?:bridge|connectors|jobs|docs|deploy|training|tests)/[\w./-]*)`", page(where))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_rfc_that_the_code_cites_is_among_the_sources() -> None:
    cited = {
        number
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for number in re.findall(r"RFC (\d+)", path.read_text())
    }
    assert cited <= set(re.findall(r"RFC (\d+)", page("docs/sources.md")))


def test_every_quoted_title_in_the_docstring_of_a_connector_is_among_the_sources() -> None:
    titles = {
        title
        for path in (ROOT / "connectors").rglob("*.py")
        for passage in re.findall(r'developer\.\w+\.com ("[^()]+)\(20', path.read_text())
        for title in re.findall(r'"([^"]+)"', passage)
    }
    assert titles
    assert {title for title in titles if f'"{title}"' not in page("docs/sources.md")} == set()


# Links


def anchors(path: Path) -> set[str]:
    """The places in a page that a link can name, as GitHub makes them from headings."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.DOTALL | re.M), flags=re.M
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_place_that_exists(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        if not to.exists() or (anchor and anchor not in anchors(to)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_index() -> None:
    linked = {(ROOT / "docs" / link).resolve() for link in re.findall(r"\]\(([\w./-]+\.md)\)", page("docs/index.md"))}
    assert set((ROOT / "docs").glob("*.md")) - linked == {ROOT / "docs" / "index.md"}


# Examples


class _Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrived.append((body, {k.lower(): v for k, v in self.headers.items()}))  # type: ignore[attr-defined]
        self.send_response(202)
        self.end_headers()
        self.wfile.write(b'{"accepted": 1, "duplicates": 0, "ignored": 0}')

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def a_hook() -> Iterator[tuple[str, list[tuple[bytes, dict[str, str]]]]]:
    """The address of a hook that takes everything, and what arrived there."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Hook)
    arrived: list[tuple[bytes, dict[str, str]]] = []
    server.arrived = arrived  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hooks/h", arrived
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def access_with(secret: str) -> Access:
    nothing: Any = None  # the api connector keeps no state and calls nobody
    return Access("api-1", "", "sentiment", {}, (secret,), nothing, nothing)


SENDERS = {"python": [sys.executable, "-c"], "sh": ["sh", "-c"]}


@pytest.mark.parametrize("language", SENDERS)
def test_the_example_of_a_sender_is_taken_by_the_api_connector(language: str) -> None:
    if language == "sh" and not (shutil.which("curl") and shutil.which("openssl")):
        pytest.skip("the example in sh needs curl and openssl: NOT tested")
    secret = signing.new_secret()
    with a_hook() as (url, arrived):
        environ = {"PATH": os.environ["PATH"], "HOOK_URL": url, "HOOK_SECRET": secret}
        command = [*SENDERS[language], block(page("docs/connect-api.md"), language)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.strip() == '{"accepted": 1, "duplicates": 0, "ignored": 0}', done.stderr
    [(body, headers)] = arrived
    request, access = HookRequest(body, headers, time.time()), access_with(secret)
    CONNECTOR.verify(request, access)
    assert [message.ticket_id for message in CONNECTOR.parse(request, access).messages] == ["T-1"]


def told_scores() -> list[tuple[str, str, list[str]]]:
    """A text, what the page says of it, and its caveats."""
    rows = first_cells(page("docs/faq.md"), "## When should I not trust the label?")
    table = [(names_in(row[1])[0], row[2], names_in(row[3])) for row in rows]
    return [
        *table,
        *((text, said, []) for text, said in re.findall(r"`([^`]+)` comes out as (\w+ \S+\d)", page("docs/faq.md"))),
    ]


@pytest.mark.parametrize(("text", "said", "caveats"), told_scores())
def test_the_embedded_scorer_says_what_the_questions_page_says(text: str, said: str, caveats: list[str]) -> None:
    settings = WorkspaceSettings()
    verdict = trusted(offline_verdict(reading(text, settings.languages)), settings.confidence_floor)
    shown = "" if verdict.score is None else f"{verdict.score / 100:+.2f}".replace("+0.00", "0.00")
    assert f"{label_of(settings.buckets, verdict.score)} {shown}".strip() == said
    assert list(verdict.caveats) == caveats

"""Writes what the documentation says about the program's own shape: commands, helpdesks, the file tree.

    python docs/generate.py

It fills docs/cli.md, and the parts between `<!-- made: ... -->` and `<!-- end -->` in the other pages. A test fails
while a page differs from what this would write.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bridge.cli import moodbridge  # noqa: E402  found by the line above, wherever this is started
from bridge.connector import Connector, Option, discover  # noqa: E402

WIDTH = 78
"""Characters: what click takes on a terminal of 80."""
PACKAGES = ("bridge", "connectors", "jobs")
FIRST_COLUMN = 34

ABOUT = """\
# Command line

<!-- Made by `python docs/generate.py`; a test compares. -->

`moodbridge COMMAND`. Messages for people go to stderr, answers to stdout; with `--json` the answer is one JSON value.
Exit code 0: done, 1: failed, 2: wrong use. Ctrl-C ends a command with 1.

Commands work on the installation that the environment names ([settings](settings.md)): without any, on the data
directory of the user who calls. Under systemd or in a container, call them as the service's user and with its
settings ([operate](operate.md)). `score` without `--workspace` needs neither database nor Redis.
"""

OF_CONNECT = """\
### Options of each kind

`moodbridge connect KIND --workspace SLUG` takes these too. A secret one is asked for on a terminal, or read by
`--NAME-stdin` or `--NAME-env VARIABLE`; it is never written on the command line, where other users could read it.
"""


def commands(group: click.Group = moodbridge, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name, groups before what is in them."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def help_of(name: str, command: click.Command) -> str:
    """What `moodbridge NAME --help` prints on a terminal of 80 characters."""
    context = click.Context(moodbridge, info_name="moodbridge", terminal_width=WIDTH)
    *groups, last = name.split()
    for word in groups:
        context = click.Context(moodbridge, info_name=word, parent=context)
    return command.get_help(click.Context(command, info_name=last, parent=context))


def cli_page() -> str:
    """docs/cli.md."""
    parts = [ABOUT]
    for name, command in commands():
        parts.append(f"## {name}\n\n```\n$ moodbridge {name} --help\n{help_of(name, command)}\n```\n")
        if name == "connect":
            parts.append(OF_CONNECT)
            parts += [f"**{one.kind}**: {_options(one)}\n" for one in _connectors()]
    return "\n".join(parts)


def _connectors() -> list[Connector]:
    return sorted(discover().values(), key=lambda one: one.kind)


def _options(connector: Connector) -> str:
    if not connector.options:
        return "none."
    return "\n\n" + "\n".join(f"- `--{one.name}`{_remark(one)}: {one.help}" for one in connector.options)


def _remark(option: Option) -> str:
    words = [word for word, said in (("secret", option.secret), ("optional", not option.required)) if said]
    return f" ({', '.join(words)})" if words else ""


def matrix() -> str:
    """What each kind of helpdesk can do, from the connectors' own declarations."""
    rows = ["| kind | sends webhooks | is polled | takes labels | tickets in one write | tells people's labels |"]
    rows.append("|---|---|---|---|---|---|")
    for one in _connectors():
        can = one.capabilities
        most = f"up to {can.bulk_size}" if can.writes else "-"
        cells = (
            one.kind,
            _yes(can.events),
            _yes(can.poll_every is not None),
            _yes(can.writes),
            most,
            _yes(can.corrections),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def tree() -> str:
    """Every module of the product with the first sentence of its docstring."""
    lines = []
    for package in PACKAGES:
        lines += _folder(ROOT / package, 0)
    return "```\n" + "\n".join(lines) + "\n```"


def _folder(folder: Path, depth: int) -> list[str]:
    lines = [_line(folder.name + "/", _sentence(folder / "__init__.py"), depth)]
    files = sorted(one for one in folder.glob("*.py") if one.name != "__init__.py")
    lines += [_line(one.name, _sentence(one), depth + 1) for one in files]
    for inner in sorted(one for one in folder.iterdir() if any(one.glob("*.py"))):
        lines += _folder(inner, depth + 1)
    return lines


def _line(name: str, sentence: str, depth: int) -> str:
    return f"{'  ' * depth + name:<{FIRST_COLUMN}}{sentence}".rstrip()


def _sentence(module: Path) -> str:
    first = (ast.get_docstring(ast.parse(module.read_text())) or "").partition("\n")[0]
    return re.split(r"(?<=\.) (?=[A-Z])", first)[0].replace("`", "").rstrip(".:")


MADE = {"tree": tree, "helpdesks": matrix}
"""What stands between `<!-- made: NAME -->` and `<!-- end -->`."""


def filled(page: str) -> str:
    """The page with its made parts as they should be."""

    def part(found: re.Match[str]) -> str:
        return f"<!-- made: {found[1]} -->\n{MADE[found[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- made: (\w+) -->\n.*?<!-- end -->", part, page, flags=re.DOTALL)


def pages() -> dict[Path, str]:
    """Every page that is made in part or whole, as it should be."""
    found = {path: path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
    made = {path: filled(text) for path, text in found.items() if "<!-- made: " in text}
    return {**made, ROOT / "docs" / "cli.md": cli_page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)

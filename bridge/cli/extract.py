"""moodbridge extract: the customer text of a mail in a file, what was cut of it, and why."""

from typing import BinaryIO

import click

from bridge.cli.entry import reader_named
from bridge.cli.output import answer, as_json
from bridge.text.extracted import WHY, Extracted


@click.command()
@click.argument("file", type=click.File("rb"), metavar="FILE.eml")
@as_json
def extract(file: BinaryIO, as_json: bool) -> None:
    """Show the customer text of the mail in FILE.eml (- for standard input), what was cut of it, and why.

    Needs neither database nor Redis; nothing is kept or sent.
    """
    found: Extracted = reader_named("eml")(file.read())
    cut = [
        {"kind": one.kind, "why": WHY[one.kind], "first": one.first, "last": one.last, "text": found.cut_text(one)}
        for one in found.cut
    ]
    value = {
        **{name: shown or None for name, shown in found.about},
        "text": found.text,
        "cut": cut,
        "fallback": found.fallback,
        "skipped": found.skipped,
    }
    answer(value, as_json, lambda: _words(found))


def _words(found: Extracted) -> str:
    lines = [f"{name}: {shown}" for name, shown in found.about if shown]
    if found.skipped:
        lines.append(f"not scored: {found.skipped}")
    lines += ["", "Customer text:", "", found.text, ""]
    if found.fallback:
        lines.append("All of it was another's by its marks, so that nothing is taken away.")
    lines += ["Cut:"] if found.cut else ["Nothing was cut."]
    for cut in found.cut:
        place = f"line {cut.first}" if cut.first == cut.last else f"lines {cut.first} to {cut.last}"
        lines += ["", f"{place}, {WHY[cut.kind]}:"]
        lines += [f"  | {line}" for line in found.cut_text(cut).split("\n")[:40]]
    return "\n".join(lines)

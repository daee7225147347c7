"""What `moodbridge extract` shows of a file with one message: the customer text, and what was cut of it."""

from dataclasses import dataclass

from bridge.text.quoted import Cut

WHY = {
    "quote": "quoted from an earlier mail",
    "attribution": "the line before a quotation",
    "separator": "the line above an earlier mail",
    "headers": "the head of an earlier mail",
    "history": "an earlier mail",
    "signature": "a signature",
    "mobile": "written by a phone or a mail program",
    "disclaimer": "small print",
    "list footer": "written by a mailing list",
    "banner": "written by a mail server",
    "length": "the middle of a very long mail",
}
"""What each kind of cut means, in words."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """One message out of a file. `whole` has the lines that `cut` counts; `skipped` says why it is not scored."""

    about: tuple[tuple[str, str], ...]
    """What it says of itself: names and values, in order."""
    whole: str
    text: str
    cut: tuple[Cut, ...]
    skipped: str | None
    fallback: bool

    def cut_text(self, cut: Cut) -> str:
        """The lines that were cut."""
        return "\n".join(self.whole.split("\n")[cut.first - 1 : cut.last])

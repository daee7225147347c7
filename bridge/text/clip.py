"""Keeps a customer text within what a scorer reads."""

LONGEST = 20_000
_HEAD, _TAIL = 15_000, 5_000


def clip(text: str) -> tuple[str, bool]:
    """The text, or its first 15,000 and last 5,000 characters when it has over 20,000; and whether it was cut.

    What people want stands at the beginning, how they part at the end. A text that was cut gets the
    caveat `truncated`.
    """
    if len(text) <= LONGEST:
        return text, False
    return text[:_HEAD] + text[-_TAIL:], True

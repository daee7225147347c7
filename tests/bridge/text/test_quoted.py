"""What is kept of mails as mail programs write them, in many languages: one case for each in `quoted/*.txt`."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.text.quoted import own_words

FILES = sorted((Path(__file__).parent / "quoted").glob("*.txt"))


def cases() -> Iterator[object]:
    """Each file is `%%% name`, the mail, `%%% own`, what is kept, and so on."""
    for file in FILES:
        pieces = re.split(r"^%%% (.*)\n", file.read_text("utf-8"), flags=re.MULTILINE)[1:]
        for name, mail, _, own in zip(*[iter(pieces)] * 4, strict=True):
            yield pytest.param(mail, own, id=f"{file.stem}: {name}")


@pytest.mark.parametrize(("mail", "own"), [*cases()])
def test_only_the_customers_own_words_are_kept(mail: str, own: str) -> None:
    assert own_words(mail).text.split() == own.split()

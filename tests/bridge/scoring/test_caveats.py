"""What a reader should know before trusting a label."""

import pytest

from bridge.model import Score, ScorerName, Verdict
from bridge.scoring.caveats import caveats_of, with_caveats

PLAIN = "I have been waiting for three days and nobody answers me."
STACK_TRACE = """\
Since yesterday it crashes, please help:
java.lang.NullPointerException: Cannot invoke "String.length()"
\tat com.acme.shop.Cart.total(Cart.java:41)
\tat com.acme.shop.Checkout.pay(Checkout.java:112)
\tat java.base/java.lang.Thread.run(Thread.java:840)
"""
PYTHON = """\
Hello, this fails:
Traceback (most recent call last):
  File "/srv/app/main.py", line 12, in <module>
    total = price["net"]
KeyError: 'net'
"""
JSON = 'Why is this refused?\n{\n  "order": 17,\n  "items": ["a", "b"],\n  "paid": true\n}\n'
FENCED = "See here:\n```\nsome words in a fence count as code\nwhatever they are, all of them\n```\nThanks"
LOG = """\
It stops at night.
2026-11-22 03:14:07 worker started with 4 threads
2026-11-22 03:14:09 connection to db lost, giving up
"""


def test_a_plain_message_has_no_caveat() -> None:
    assert caveats_of(PLAIN) == ()


@pytest.mark.parametrize("text", ["Thanks!", "ok", "Still broken", "don't care", "!!! 🙁", "ありが"[:2]])
def test_fewer_than_three_words_are_short(text: str) -> None:
    assert caveats_of(text) == ("short",)


@pytest.mark.parametrize(
    "text", ["It doesn't work", "I'm cancelling now", "这个坏了", "ใช้ไม่ได้", "まだ動きません", "Всё ещё сломано"]
)
def test_three_words_are_not_short_in_any_script(text: str) -> None:
    assert caveats_of(text) == ()


@pytest.mark.parametrize("text", [STACK_TRACE, PYTHON, JSON, FENCED, LOG])
def test_a_message_that_is_mostly_code_or_log_says_so(text: str) -> None:
    assert caveats_of(text) == ("mostly_code",)


@pytest.mark.parametrize(
    "text",
    [
        "The call `get(x)` fails with a NullPointerException since your last update, this is really annoying :(",
        "Order: 12345\nDate: 2026-11-01\nWhere is my parcel? I am waiting since Monday.",
        "1) it is slow\n2) it crashes\n3) nobody answers",
        "I love it <3 <3 thank you all so much!!! :-) :-)",
        "Prices went up from $10/month to $25/month, that is +150% (!!!), why?",
        "For example: when I press save, nothing happens;\nif I press it again, it crashes.",
    ],
)
def test_signs_and_numbers_in_prose_are_no_code(text: str) -> None:
    assert caveats_of(text) == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ich warte seit drei Tagen auf eine Antwort", "de"),
        ("Ça ne marche toujours pas, je veux un remboursement", "fr"),
        ("Quiero hablar con un responsable", "es"),
        ("Isso não funciona de novo", "pt"),
        ("Het werkt nog steeds niet", "nl"),
        ("To nadal nie działa", "pl"),
        ("Это всё ещё не работает", "ru"),
        ("まだ動きません", "ja"),
        ("这个还是不能用", "zh"),
    ],
)
def test_a_language_that_is_not_the_workspaces_is_named(text: str, language: str) -> None:
    assert caveats_of(text, languages=("en",)) == (f"language:{language}",)
    assert caveats_of(text, languages=("en", language)) == ()


@pytest.mark.parametrize(
    "text", [PLAIN, "pls fix asap lol thx", "ok", "🙂🙂🙂", "", "404 500 503", "My order AB-1234 9981 XZ"]
)
def test_english_and_what_nobody_can_tell_is_named_nothing(text: str) -> None:
    assert not any(caveat.startswith("language:") for caveat in caveats_of(text, languages=("en",)))


def test_the_language_is_that_of_the_prose_around_code() -> None:
    text = "Das funktioniert leider nicht mehr seit dem Update:\n" + STACK_TRACE.partition("\n")[2]
    assert caveats_of(text, languages=("en",)) == ("mostly_code", "language:de")


def test_a_cut_text_says_so() -> None:
    assert caveats_of(PLAIN, truncated=True) == ("truncated",)


def test_nothing_is_said_of_the_language_of_two_words() -> None:
    assert caveats_of("Guten Morgen", languages=("en",)) == ("short",)


def test_caveats_are_added_once_each_after_those_there() -> None:
    verdict = Verdict(Score(10), None, (), ("sarcasm",), ScorerName("openai", "m", "1"))
    assert with_caveats(verdict, "short", "sarcasm").caveats == ("sarcasm", "short")


@pytest.mark.parametrize(
    "piece", ["a.b", "<", "a-", "if (", "SELECT  ", "{[(", " \t", "\n", "at a.", "x=", "[ERROR", "\x00"]
)
@pytest.mark.timeout(20)
def test_no_text_makes_looking_slow(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    assert set(caveats_of(text)) <= {"short", "mostly_code"}

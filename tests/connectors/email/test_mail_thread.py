"""Which conversation a mail belongs to."""

import base64

import pytest

from connectors.email.mail import read_mail
from connectors.email.thread import FALLBACK_SECONDS, answered_subject, keys, may_join

NOW = 1_700_000_000.0


def test_the_nearest_reference_comes_first_and_a_mail_does_not_answer_itself() -> None:
    mail = read_mail(b"Message-ID: <3@x>\nReferences: <1@x> <2@x> <3@x>\nIn-Reply-To: <2@x>\n\nhi")

    assert (keys(mail).own, keys(mail).ids) == ("3@x", ("2@x", "1@x"))


def test_gmails_own_thread_is_a_key() -> None:
    assert keys(read_mail(b"\n\nhi"), gmail="1790").gmail == "1790"


def test_no_more_than_fifty_ids_of_ordinary_length_are_kept() -> None:
    many = b"References: " + b"".join(b"<%d@x>\n " % n for n in range(200)) + b"<" + b"y" * 300 + b"@x>"

    assert keys(read_mail(many + b"\n\nhi")).ids == tuple(f"{n}@x" for n in range(199, 150, -1))


def test_outlooks_thread_index_names_its_conversation() -> None:
    first, answer = bytes(range(22)), bytes(range(27))
    roots = [
        keys(read_mail(b"Thread-Index: " + base64.b64encode(index) + b"\n\nhi")).outlook for index in (first, answer)
    ]

    assert roots[0] == roots[1] == bytes(range(22)).hex()


@pytest.mark.parametrize(
    ("subject", "answered"),
    [
        ("Re: Order 12", "order 12"),
        ("RE[2]: Order  12", "order 12"),
        ("AW: Re: Order 12", "order 12"),
        ("Antw: Order 12", "order 12"),
        ("SV: Order 12", "order 12"),
        ("Odp: Order 12", "order 12"),
        ("答复: Order 12", "order 12"),
        ("回复：Order 12", "order 12"),  # noqa: RUF001
        ("Order 12", None),
        ("Fwd: Order 12", None),
        ("Return: Order 12", None),
        ("Re:", None),
        ("", None),
    ],
)
def test_only_an_answer_has_a_subject_that_it_answers(subject: str, answered: str | None) -> None:
    assert answered_subject(subject) == answered


def test_an_answer_joins_by_its_subject_only_with_the_same_customer_and_in_time() -> None:
    answer = keys(read_mail(b"Subject: Re: Order 12\n\nhi"))

    assert may_join(answer, "Order 12", True, NOW - FALLBACK_SECONDS, NOW)
    assert may_join(answer, "RE: order 12", True, NOW, NOW)
    assert not may_join(answer, "Order 12", False, NOW, NOW)
    assert not may_join(answer, "Order 13", True, NOW, NOW)
    assert not may_join(answer, "Order 12", True, NOW - FALLBACK_SECONDS - 1, NOW)


def test_a_new_mail_with_the_same_subject_joins_nothing() -> None:
    assert not may_join(keys(read_mail(b"Subject: Order 12\n\nhi")), "Order 12", True, NOW, NOW)

"""Which mail is not scored, and by which rule."""

import pytest

from connectors.email.mail import read_mail

PERSON = b"From: Anna <anna@lowe.example>\n"


def rule(*lines: bytes, text: bytes = b"The parcel is broken.") -> str | None:
    return read_mail(b"\n".join(lines) + b"\n\n" + text).skipped


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"Auto-Submitted: auto-replied", "auto_submitted"),
        (b"Auto-Submitted: auto-generated; owner-email=x", "auto_submitted"),
        (b"X-Autoreply: yes", "auto_reply"),
        (b"X-Autorespond: away", "auto_reply"),
        (b"X-AutoReply-From: a@b.example", "auto_reply"),
        (b"Precedence: bulk", "precedence"),
        (b"Precedence: auto_reply", "precedence"),
        (b"Precedence: junk", "precedence"),
        (b"Return-Path: <>", "bounce"),
        (b"X-Failed-Recipients: a@b.example", "bounce"),
        (b"Content-Type: multipart/report; report-type=delivery-status; boundary=x", "bounce"),
        (b"Content-Type: multipart/encrypted; boundary=x", "encrypted"),
        (b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data", "encrypted"),
        (b"X-Moodbridge: alert", "own_mail"),
    ],
)
def test_what_nobody_wrote_by_hand_is_skipped(line: bytes, name: str) -> None:
    assert rule(PERSON.strip(), line) == name


@pytest.mark.parametrize("sender", [b"MAILER-DAEMON@mx.example", b"Postmaster <postmaster@mx.example>"])
def test_what_a_mail_server_says_is_a_bounce(sender: bytes) -> None:
    assert rule(b"From: " + sender) == "bounce"


@pytest.mark.parametrize(
    "line",
    [
        b"Auto-Submitted: no",
        b"X-Auto-Response-Suppress: All",
        b"List-Id: <support.acme.example>",
        b"Precedence: list",
        b"List-Unsubscribe: <mailto:x@acme.example>",
        b"Return-Path: <anna@lowe.example>",
        b"X-Spam-Flag: YES",
    ],
)
def test_what_a_person_may_have_written_is_not_skipped(line: bytes) -> None:
    assert rule(PERSON.strip(), line) is None


def test_a_mail_without_text_is_skipped() -> None:
    assert rule(PERSON.strip(), text=b" \n") == "no_text"


def test_an_answer_to_an_invitation_without_text_is_skipped() -> None:
    calendar = b"Content-Type: text/calendar; method=REPLY"

    assert rule(PERSON.strip(), calendar, text=b"BEGIN:VCALENDAR") == "calendar"


def test_a_mail_that_holds_nothing_but_what_we_wrote_is_skipped() -> None:
    quoted = b"On Tue, Mar 12, 2024 at 9:14 AM Acme <support@acme.example> wrote:\n> Sorry for the trouble."

    assert rule(PERSON.strip(), text=quoted) == "only_quoted"


def test_words_below_a_quotation_are_enough() -> None:
    assert rule(PERSON.strip(), text=b"> Sorry for the trouble.\n\nToo late.") is None

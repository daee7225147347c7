"""Hostile mail: no exception but our own, whatever the bytes; and no long work."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.email.errors import SetAside
from connectors.email.mail import read_mail
from connectors.email.speaker import Team, speaker
from connectors.email.thread import keys

LINES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"--x",
            b"--x--",
            b"--y",
            b"Content-Type: multipart/alternative; boundary=x",
            b'Content-Type: multipart/mixed; boundary="y"',
            b"Content-Type: multipart/report; boundary=x",
            b"Content-Type: message/rfc822",
            b"Content-Type: text/html; charset=utf-16",
            b"Content-Type: text/plain; format=flowed; delsp=yes",
            b"Content-Transfer-Encoding: base64",
            b"Content-Transfer-Encoding: quoted-printable",
            b"Content-Disposition: attachment; filename*=utf-8''%E4",
            b"Message-ID: <>",
            b"References: <a@b>,<c@d",
            b'From: "a" <a@[, <',
            b"Subject: =?utf-8?b?w?= =?x?q?=?=",
            b"Subject: Fwd: x",
            b"Date: Tue, 32 Mar 2024 25:61:61 +9999",
            b"Thread-Index: AAAA",
            b"Authentication-Results: ;;=",
            b"<div class=gmail_quote><blockquote type=cite>x",
            b"From: a@b",
            b"To: c",
            b"> quoted",
        ]
    ),
)


@given(st.one_of(st.binary(max_size=300), st.lists(LINES, max_size=30).map(b"\n".join)))
def test_any_bytes_are_read_or_set_aside(raw: bytes) -> None:
    try:
        mail = read_mail(raw)
    except SetAside:
        return
    keys(mail)
    speaker(mail, Team(receiver="mx"))
    assert mail.message_id
    mail.text.encode()


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"To: " + b"a@b.example, " * 18_000 + b"\n\nhi",
        b"Subject: " + b"=?utf-8?q?a?=" * 18_000 + b"\n\nhi",
        b"References: " + b"<" * 240_000 + b"\n\nhi",
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x" * (MEGABYTE // 3),
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"\n--xx" * (MEGABYTE // 5),
        b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\n\n" * (MEGABYTE // 6),
        b"Content-Type: text/plain; " + b"a" * 200_000 + b"=\n\nhi",
        b"Content-Type: text/plain; " + b"charset;" * 25_000 + b"\n\nhi",
        b"Content-Type: text/html\n\n" + b"<blockquote type=cite>" * (MEGABYTE // 22),
        b"Content-Type: text/html\n\n<p " + b"a=b " * (MEGABYTE // 4),
        b"Content-Type: text/plain; format=flowed\n\n" + b"> \n" * (MEGABYTE // 3),
        b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * (MEGABYTE // 3),
        b"Content-Transfer-Encoding: base64\n\n" + b"!" * MEGABYTE,
        b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * MEGABYTE,
        b"\n\n" + bytes(range(128, 256)) * (MEGABYTE // 128),
        b"X: \n" * 60_000 + b"\nhi",
    ],
    ids=range(16),
)
def test_a_hostile_megabyte_is_read_or_set_aside_in_less_than_a_second(raw: bytes) -> None:
    before = time.process_time()
    with contextlib.suppress(SetAside):
        read_mail(raw)
    assert time.process_time() - before < 1

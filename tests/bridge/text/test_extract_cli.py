"""`moodbridge extract`: the customer text of a mail file, what was cut, and why."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.cli import moodbridge

MAIL = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <j@lowe.example>\nTo: support@acme.example\nSubject: Re: Order\n"
    b"Message-ID: <2@lowe.example>\nIn-Reply-To: <1@acme.example>\n\nStill broken.\n\n"
    b"On Tue, Mar 12, 2024 at 9:14 AM Acme <support@acme.example> wrote:\n> Try again.\n"
)


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a database nor Redis can be reached."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere.invalid/x")
    monkeypatch.setenv("REDIS_URL", "redis://nowhere.invalid")


@pytest.mark.usefixtures("nothing_configured")
def test_it_shows_the_customer_text_and_what_was_cut_and_why(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL)

    result = CliRunner().invoke(moodbridge, ["extract", str(file), "--json"])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["text"] == "Still broken."
    assert found["from"] == "Jürgen <j@lowe.example>"
    assert found["answers"] == "1@acme.example"
    assert found["skipped"] is None
    assert [(cut["kind"], cut["first"], cut["last"], cut["text"]) for cut in found["cut"]] == [
        ("attribution", 3, 3, "On Tue, Mar 12, 2024 at 9:14 AM Acme <support@acme.example> wrote:"),
        ("quote", 4, 4, "> Try again."),
    ]


@pytest.mark.usefixtures("nothing_configured")
def test_it_says_the_same_in_words() -> None:
    shown = CliRunner().invoke(moodbridge, ["extract", "-"], input=MAIL).output

    assert "Customer text:\n\nStill broken." in shown
    assert "line 4, quoted from an earlier mail:\n  | > Try again." in shown


def test_it_says_why_a_mail_is_not_scored() -> None:
    shown = CliRunner().invoke(moodbridge, ["extract", "-"], input=b"Auto-Submitted: auto-replied\n" + MAIL).output

    assert "not scored: auto_submitted" in shown


def test_a_file_that_is_not_there_is_wrong_use() -> None:
    assert CliRunner().invoke(moodbridge, ["extract", "/nowhere.eml"]).exit_code == 2

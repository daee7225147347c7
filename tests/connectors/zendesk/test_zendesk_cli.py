"""`moodbridge connect zendesk` as an admin runs it, against an account on this machine."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import moodbridge
from bridge.connector import Refused
from tests.hosts.zendesk.account import Account, Field, Option
from tests.hosts.zendesk.server import Running, serve

SECRET = "s3cret-of-the-client"


@pytest.fixture
def desk() -> Iterator[Running]:
    with serve(Account()) as running:
        yield running


class Admin:
    """Types commands on a fresh installation with the workspace `acme`."""

    def __init__(self, folder: Path, desk: Running) -> None:
        self.environ = {
            "MOODBRIDGE_DATA_DIR": str(folder),
            "MOODBRIDGE_URL": "https://mood.example.com",
            "MOODBRIDGE_ALLOW_PRIVATE_HOSTS": "on",
            "DATABASE_URL": None,
            "REDIS_URL": None,
            "MOODBRIDGE_SECRET_KEY": None,
            "ZENDESK_SECRET": SECRET,
        }
        self.desk = desk
        self.account = desk.account
        self.types("workspace", "add", "acme")

    def types(self, *words: str) -> str:
        """What the command prints."""
        done = CliRunner().invoke(moodbridge, words, env=self.environ)
        if done.exception is not None:
            raise done.exception
        return done.stdout

    def connects(self, *more: str) -> str:
        given = ("--subdomain", "acme", "--client-id", "moodbridge", "--client-secret-env", "ZENDESK_SECRET")
        where = ("--base-url", self.desk.url)
        return self.types("connect", "zendesk", "--workspace", "acme", *given, *where, *more)

    def changes(self) -> Sequence[tuple[str, str]]:
        """What was changed in the account by the bridge."""
        return [call for call in self.account.calls if call[0] != "GET" and call[1] != "/oauth/tokens"]

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.types("connections", "acme", "--json"))
        return found


@pytest.fixture
def admin(tmp_path: Path, desk: Running) -> Admin:
    return Admin(tmp_path, desk)


def test_a_dry_run_tells_and_leaves_nothing_behind(admin: Admin) -> None:
    told = admin.connects("--dry-run")
    for step in ("Would make the field Sentiment", "Would put the fields on the form", "Would make the webhook"):
        assert step in told
    assert (admin.changes(), admin.listed()) == ([], [])


def test_connecting_says_each_step_and_the_hook(admin: Admin) -> None:
    told = json.loads(admin.connects("--json"))
    assert told["hook_url"].startswith("https://mood.example.com/hooks/")
    assert told["installed"] == [
        "Made the field Sentiment, which customers do not see.",
        "Made the field Sentiment score, which customers do not see.",
        "Made the field Sentiment trend, which customers do not see.",
        "Put the fields on the form Default Ticket Form.",
        "Made the view Sentiment: Urgent.",
        "Made the view Sentiment: Negative.",
        "Made the view Sentiment: Declining.",
        "Made the webhook.",
    ]
    (hook,) = admin.account.webhooks.values()
    assert hook["endpoint"] == told["hook_url"]


def test_twice_changes_nothing(admin: Admin) -> None:
    first = json.loads(admin.connects("--json"))
    before = list(admin.changes())
    again = json.loads(admin.connects("--json"))
    assert (again["connection"], again["hook_url"], again["installed"]) == (first["connection"], first["hook_url"], [])
    assert again["secret"] is None
    assert admin.changes() == before
    assert "nothing to do" in admin.connects()


def test_other_forms_and_a_new_client_are_the_same_connection(admin: Admin) -> None:
    first = json.loads(admin.connects("--forms", "none", "--json"))
    admin.desk.sign_in.clients["newer"] = SECRET
    again = json.loads(admin.connects("--client-id", "newer", "--json"))
    assert again["connection"] == first["connection"]
    assert again["installed"] == ["Put the fields on the form Default Ticket Form."]


def test_a_subdomain_in_capitals_is_the_same_connection(admin: Admin) -> None:
    first = json.loads(admin.connects("--json"))
    again = json.loads(admin.connects("--subdomain", "ACME", "--json"))
    assert (again["connection"], again["installed"]) == (first["connection"], [])


def test_rotate_makes_a_new_webhook_and_deletes_the_old_one(admin: Admin) -> None:
    admin.connects()
    (old,) = admin.account.webhooks
    assert "Would make a new webhook" in admin.connects("--rotate", "--dry-run")
    assert list(admin.account.webhooks) == [old]
    assert "Made a new webhook with a new secret, and deleted the former one." in admin.connects("--rotate")
    (new,) = admin.account.webhooks
    assert new != old


def test_a_webhook_that_somebody_deleted_is_made_again(admin: Admin) -> None:
    admin.connects()
    admin.account.webhooks.clear()
    assert "Made the webhook." in admin.connects()
    assert len(admin.account.webhooks) == 1


def test_disconnect_takes_webhook_and_views_back_and_keeps_the_fields(admin: Admin) -> None:
    connection = json.loads(admin.connects("--json"))["connection"]
    told = admin.types("disconnect", connection)
    for step in ("Deleted the webhook.", "Deleted the view Sentiment: Urgent.", "stay with their values"):
        assert step in told
    assert (admin.account.webhooks, admin.account.views) == ({}, {})
    assert len(admin.account.fields) == 3
    assert admin.listed()[0]["status"] == "disconnected"


def test_rules_that_our_writes_will_run_are_named(admin: Admin) -> None:
    status = {"field": "status", "operator": "is", "value": "open"}
    admin.account.triggers = [
        {"id": 1, "title": "Tell the boss", "active": True, "conditions": {"all": [status], "any": []}}
    ]
    assert '1 active trigger ("Tell the boss") will also run when Moodbridge writes.' in admin.connects("--dry-run")


def test_a_clash_is_refused_in_words_and_a_prefix_helps(admin: Admin) -> None:
    admin.account.fields[900] = Field(900, "tagger", "Sentiment", [Option(1, "Negative", "sentiment__negative")])
    with pytest.raises(Refused, match="--prefix mood"):
        admin.connects()
    assert [one["status"] for one in admin.listed()] in ([], ["disconnected"])
    assert "Made the field Mood," in admin.connects("--prefix", "mood")


def test_the_clients_secret_is_neither_printed_nor_stored_as_it_reads(admin: Admin, tmp_path: Path) -> None:
    assert SECRET not in admin.connects() + admin.connects("--rotate") + admin.types("connections", "acme")
    assert not any(SECRET.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_without_permission_for_private_hosts_a_stand_in_is_refused(admin: Admin) -> None:
    admin.environ["MOODBRIDGE_ALLOW_PRIVATE_HOSTS"] = "off"
    with pytest.raises(Refused):
        admin.connects()
    assert admin.account.calls == []


@pytest.mark.parametrize("subdomain", ["acme.evil.example/", "evil.example#", "a@b", "-acme", ""])
def test_a_subdomain_cannot_lead_elsewhere(admin: Admin, subdomain: str) -> None:
    words = ("connect", "zendesk", "--workspace", "acme", f"--subdomain={subdomain}", "--client-id", "moodbridge")
    with pytest.raises(Exception, match="subdomain"):
        admin.types(*words, "--client-secret-env", "ZENDESK_SECRET")

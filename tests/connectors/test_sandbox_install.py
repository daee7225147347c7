"""Setting the desk up for a connection, and taking that back."""

from collections.abc import Iterator

import pytest

from bridge.connector import Refused
from connectors.sandbox import CONNECTOR
from connectors.sandbox.install import install, uninstall
from tests.connectors.sandbox_access import access_to
from tests.hosts.sandbox import Desk, running_desk

HOOK = "http://127.0.0.1:8080/hooks/abc"


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    for webhook in webhooks(shared_desk):
        shared_desk.ask("DELETE", f"/webhooks/{webhook['webhook_id']}")
    return shared_desk


def webhooks(desk: Desk) -> list[dict[str, str]]:
    items: list[dict[str, str]] = desk.ask("GET", "/webhooks")["items"]
    return items


def test_installing_makes_a_webhook_and_brings_its_secret(desk: Desk) -> None:
    installed = install(access_to(desk.url, desk.token, (), HOOK), False)
    assert installed.secret is not None
    assert installed.secret.startswith("whsec_")
    assert [webhook["url"] for webhook in webhooks(desk)] == [HOOK]


def test_installing_twice_changes_nothing(desk: Desk) -> None:
    first = install(access_to(desk.url, desk.token, (), HOOK), False)
    assert first.secret is not None
    before = webhooks(desk)
    second = install(access_to(desk.url, desk.token, (first.secret,), HOOK), False)
    assert second.secret is None
    assert webhooks(desk) == before


def test_a_dry_run_says_what_it_would_do_and_does_nothing(desk: Desk) -> None:
    installed = install(access_to(desk.url, desk.token, (), HOOK), True)
    assert (installed.steps, installed.secret) == (("Would create a webhook to the bridge.",), None)
    assert webhooks(desk) == []


@pytest.mark.parametrize("ours", [(), ("whsec_bmV3IG9uZQ==",)])
def test_a_webhook_that_signs_with_another_secret_than_our_newest_gets_a_new_one(
    desk: Desk, ours: tuple[str, ...]
) -> None:
    first = install(access_to(desk.url, desk.token, (), HOOK), False)
    second = install(access_to(desk.url, desk.token, ours, HOOK), False)
    assert second.secret is not None
    assert second.secret != first.secret
    assert len(webhooks(desk)) == 1


def test_uninstalling_deletes_our_webhook_alone(desk: Desk) -> None:
    install(access_to(desk.url, desk.token, (), HOOK), False)
    install(access_to(desk.url, desk.token, (), HOOK + "2"), False)
    assert uninstall(access_to(desk.url, desk.token, (), HOOK)) == ("Deleted the webhook to the bridge.",)
    assert [webhook["url"] for webhook in webhooks(desk)] == [HOOK + "2"]


def test_uninstalling_twice_is_no_error(desk: Desk) -> None:
    assert uninstall(access_to(desk.url, desk.token, (), HOOK)) == ("There was no webhook to the bridge.",)


def test_a_wrong_token_is_refused_before_anything_is_done(desk: Desk) -> None:
    with pytest.raises(Refused, match="token"):
        install(access_to(desk.url, "wrong-token-wrong-token", (), HOOK), False)


def test_an_address_that_is_no_desk_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="no desk"):
        install(access_to(desk.url + "/elsewhere", desk.token, (), HOOK), False)


def test_the_connector_declares_what_the_desk_can_do() -> None:
    assert (CONNECTOR.kind, CONNECTOR.capabilities.bulk_size, CONNECTOR.capabilities.corrections) == (
        "sandbox",
        100,
        True,
    )
    assert [option.name for option in CONNECTOR.options if option.secret] == ["token"]

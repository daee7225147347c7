"""Signing in to Zendesk by OAuth client credentials."""

import threading
from dataclasses import replace

import pytest

from bridge.connector import HelpdeskDown, Refused
from bridge.http import Http, Policy
from connectors.zendesk import CONNECTOR, auth
from connectors.zendesk.desk import Desk
from connectors.zendesk.session import Session
from tests.connectors.zendesk.world import World, access_for


def test_one_bearer_serves_many_calls_and_sessions(bare: World) -> None:
    for _ in range(3):
        Desk(bare.access).me()
    assert bare.running.sign_in.issued == 1


def test_the_bearer_is_asked_for_with_both_scopes_and_an_end(bare: World) -> None:
    Desk(bare.access).me()
    (token,) = bare.running.sign_in.tokens.values()
    assert token.scopes == {"read", "write"}
    assert token.expires_at == bare.clock() + auth.LIFE


def test_a_bearer_near_its_end_is_renewed_before_it_is_refused(bare: World) -> None:
    Desk(bare.access).me()
    bare.clock.advance(auth.LIFE - 30)
    Desk(bare.access).me()
    assert bare.running.sign_in.issued == 2
    assert [call[1] for call in bare.account.calls].count("/api/v2/users/me") == 2


def test_a_bearer_that_zendesk_took_back_is_renewed_once(bare: World) -> None:
    Desk(bare.access).me()
    bare.running.sign_in.revoke_all()
    assert Desk(bare.access).me()[1] == "admin"
    assert bare.running.sign_in.issued == 2


def test_a_second_401_in_a_row_is_a_refusal_not_a_loop(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare.running.sign_in, "check", lambda header, writes: _turn_down())
    with pytest.raises(Refused, match="sign-in"):
        Desk(bare.access).me()
    assert bare.running.sign_in.issued == 2


def _turn_down() -> int:
    from tests.hosts.zendesk.account import Problem

    raise Problem(401, {"error": "Couldn't authenticate you"})


def test_threads_that_need_a_bearer_at_once_ask_for_one(bare: World) -> None:
    begin = threading.Barrier(8)

    def call() -> None:
        session = Session(bare.access)
        begin.wait(5)
        session.json("/api/v2/users/me")

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert bare.running.sign_in.issued == 1


def test_a_wrong_secret_is_refused_in_words_that_do_not_hold_it(bare: World) -> None:
    wrong = replace(bare.access, options={**bare.access.options, "client-secret": "hunter2-hunter2"})
    with pytest.raises(Refused, match="client identifier and secret") as problem:
        CONNECTOR.install(wrong, True)
    assert "hunter2" not in str(problem.value)


def test_a_client_without_the_scopes_is_told_which_it_needs(bare: World) -> None:
    bare.running.sign_in.allowed = frozenset({"read"})
    with pytest.raises(Refused, match="read write"):
        CONNECTOR.install(bare.access, True)


@pytest.mark.parametrize("name", ["evil.example.com/", "acme.zendesk.com", "a b", "-a", "", "acme:80", "acme/../x"])
def test_only_a_subdomain_is_called(name: str) -> None:
    access = access_for("", subdomain=name)
    with pytest.raises(Refused, match="subdomain"):
        auth.base_of(access)


def test_a_subdomain_is_called_by_https() -> None:
    assert auth.base_of(access_for("", subdomain=" Acme ")) == "https://acme.zendesk.com"


@pytest.mark.parametrize("url", ["https://evil.example.com", "http://a@b.example", "http://localhost/x", "ftp://a.b"])
def test_a_base_url_is_for_stand_ins_on_plain_http_only(url: str) -> None:
    with pytest.raises(Refused, match="base-url"):
        auth.base_of(access_for(url))


def test_a_base_url_is_refused_where_private_hosts_are_not_allowed(bare: World) -> None:
    guarded = replace(bare.access, http=Http(Policy()))
    with pytest.raises(Refused, match="MOODBRIDGE_ALLOW_HOSTS"):
        CONNECTOR.install(guarded, True)


def test_a_zendesk_that_is_away_is_an_outage() -> None:
    with pytest.raises(HelpdeskDown):
        Desk(access_for("http://127.0.0.1:9")).me()


def test_zenpys_address_overrides_stop_everything(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", "evil.example.com")
    with pytest.raises(Refused, match="ZENPY_FORCE_NETLOC"):
        Desk(bare.access)

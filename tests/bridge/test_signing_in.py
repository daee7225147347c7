"""Signing in: passwords, links, the second factor, forms of other sites, and where one is led afterwards."""

import time

import pytest
from flask.testing import FlaskClient

from bridge import people, second_factor, sessions
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.sessions import NotSignedIn
from bridge.vault import Secret
from tests.bridge.test_page_roles import form_field
from tests.fakes import Home

PASSWORD = Secret("seven quiet otters dance")
OTHER = Secret("nine loud badgers sleep")
ADA = "ada@acme.example"
SITE = {"base_url": "https://bridge.example"}


@pytest.fixture
def ada(runtime: Runtime, home: Home) -> int:
    people.add(runtime, home.slug, ADA, "owner", PASSWORD)
    return people.listed(runtime, home.slug)[0].person_id


def token_of(link: people.Link) -> str:
    return link.url.rpartition("/")[2]


def sign_in(client: FlaskClient, password: str = PASSWORD.reveal(), **more: str) -> tuple[int, str | None]:
    form = {"form": form_field(client, "/sign-in"), "email": ADA, "password": password} | more
    answer = client.post("/sign-in", data=form, **SITE)
    return answer.status_code, answer.location


def test_rfc_6238_codes_come_out() -> None:
    """Appendix B, SHA-1, the last six of the eight digits printed there."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert [second_factor.code_at(secret, at // 30) for at in (59, 1111111109, 2000000000)] == [
        "287082",
        "081804",
        "279037",
    ]


def test_the_right_password_lets_in(client: FlaskClient, ada: int) -> None:
    assert sign_in(client) == (302, "/home")


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "/w/\\\\evil"])
def test_no_address_of_another_site_is_led_to(client: FlaskClient, ada: int, to: str) -> None:
    assert sign_in(client, next=to) == (302, "/home")


def test_a_form_without_our_field_is_refused(client: FlaskClient, ada: int) -> None:
    answer = client.post("/sign-in", data={"email": ADA, "password": PASSWORD.reveal()}, **SITE)
    assert answer.status_code == 400


def test_a_form_that_another_site_sends_is_refused(client: FlaskClient, ada: int) -> None:
    form = {"form": form_field(client, "/sign-in"), "email": ADA, "password": PASSWORD.reveal()}
    answer = client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"}, **SITE)
    assert answer.status_code == 400


def test_the_eleventh_attempt_waits_even_with_the_right_password(client: FlaskClient, ada: int) -> None:
    wrong = [sign_in(client, "no such password")[0] for _ in range(10)]
    assert (wrong, sign_in(client)[0]) == ([422] * 10, 429)


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http(client: FlaskClient, ada: int) -> None:
    form = {"form": form_field(client, "/sign-in"), "email": ADA, "password": PASSWORD.reveal()}
    cookies = client.post("/sign-in", data=form, **SITE).headers.getlist("Set-Cookie")
    (session,) = [one for one in cookies if one.startswith("__Host-moodbridge=")]
    assert all(part in session for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))


def test_a_session_that_was_ended_is_nobodys(runtime: Runtime, ada: int) -> None:
    token = sessions.begin(runtime, ada, "a test").reveal()
    found = sessions.who(runtime, token)
    assert found is not None
    sessions.end(runtime, ada, found.session)
    assert sessions.who(runtime, token) is None


def test_an_unknown_person_takes_as_much_work_as_a_wrong_password(
    runtime: Runtime, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str | None] = []
    monkeypatch.setattr("bridge.passwords.matches", lambda kept, _password: hashes.append(kept))
    for email in (ADA, "nobody@acme.example"):
        with pytest.raises(NotSignedIn):
            sessions.sign_in(runtime, email, OTHER, "", "")
    assert [one is None for one in hashes] == [False, True]


def test_a_code_is_asked_for_and_taken_once(runtime: Runtime, ada: int) -> None:
    secret = second_factor.new_secret()
    step = int(time.time()) // 30
    sessions.set_second_factor(runtime, ada, secret, second_factor.code_at(secret, step))
    with pytest.raises(NotSignedIn):
        sessions.sign_in(runtime, ADA, PASSWORD, "", "")
    with pytest.raises(NotSignedIn):
        sessions.sign_in(runtime, ADA, PASSWORD, second_factor.code_at(secret, step), "")
    assert sessions.sign_in(runtime, ADA, PASSWORD, second_factor.code_at(secret, step + 1), "")


def test_an_invitation_works_once_and_gives_its_role(runtime: Runtime, home: Home) -> None:
    token = token_of(people.invite(runtime, home.slug, ADA, "agent"))
    people.use(runtime, token, PASSWORD)
    assert [(one.email, one.role) for one in people.listed(runtime, home.slug)] == [(ADA, "agent")]
    with pytest.raises(NotFound):
        people.use(runtime, token, PASSWORD)


def test_an_invitation_does_not_open_the_account_of_somebody_known(runtime: Runtime, ada: int, add_home) -> None:  # type: ignore[no-untyped-def]
    elsewhere = add_home()
    token = token_of(people.invite(runtime, elsewhere.slug, ADA, "agent"))
    with pytest.raises(Invalid):
        people.use(runtime, token, OTHER)
    assert sessions.sign_in(runtime, ADA, PASSWORD, "", "")


def test_a_workspace_cannot_reset_a_person_of_others_too(runtime: Runtime, home: Home, ada: int, add_home) -> None:  # type: ignore[no-untyped-def]
    elsewhere = add_home()
    people.use(runtime, token_of(people.invite(runtime, elsewhere.slug, ADA, "agent")), visitor=ada)
    with pytest.raises(Invalid):
        people.reset(runtime, elsewhere.slug, ada)


def test_a_reset_ends_every_session(runtime: Runtime, home: Home, ada: int) -> None:
    token = sessions.begin(runtime, ada, "a test").reveal()
    people.use(runtime, token_of(people.reset(runtime, home.slug, ada)), OTHER)
    assert sessions.who(runtime, token) is None


def test_the_first_owners_link_runs_out_after_half_an_hour(runtime: Runtime) -> None:
    link = people.first_owner(runtime)
    assert link is not None
    assert link.expires_at == pytest.approx(time.time() + 1800, abs=5)


def test_there_is_no_first_owner_once_there_are_people(runtime: Runtime, ada: int) -> None:
    assert people.first_owner(runtime) is None


def test_the_last_owner_stays(runtime: Runtime, home: Home, ada: int) -> None:
    with pytest.raises(Invalid):
        people.remove(runtime, home.slug, ada)

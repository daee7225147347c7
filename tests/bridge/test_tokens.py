"""API tokens: shown once, kept as a hash, revocable."""

import hashlib
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bridge import tokens
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.store.tables import tokens as table
from bridge.tokens import Role
from tests.fakes import Home


def test_a_token_says_whose_it_is_and_what_it_may_do(runtime: Runtime, home: Home) -> None:
    made = tokens.add(runtime, home.slug, "admin")

    whose = tokens.Holder(home.workspace_id, home.slug, Role.ADMIN, made.id)
    assert tokens.check(runtime, made.token.reveal()) == whose


def test_a_token_is_32_random_bytes_behind_a_prefix(runtime: Runtime, home: Home) -> None:
    first, second = (tokens.add(runtime, home.slug, "agent").token.reveal() for _ in range(2))

    assert first != second
    assert first.startswith("mb_")
    assert len(first) == 3 + 43


def test_only_the_hash_of_a_token_is_stored(runtime: Runtime, home: Home) -> None:
    token = tokens.add(runtime, home.slug, "agent").token.reveal()

    with runtime.database.read() as connection:
        row = connection.execute(sa.select(table)).one()

    assert row.hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in map(str, row)


def test_a_new_token_does_not_show_itself_in_a_rendering(runtime: Runtime, home: Home) -> None:
    made = tokens.add(runtime, home.slug, "agent")

    assert made.token.reveal() not in f"{made!r} {made} {made.token!r} {made.token}"


@pytest.mark.parametrize("wrong", ["", "mb_", "mb_" + "x" * 43, "mb_" + "x" * 5000, "Bearer", "mb_ü"])
def test_a_token_that_was_never_given_out_is_nobodys(runtime: Runtime, home: Home, wrong: str) -> None:
    assert tokens.check(runtime, wrong) is None


def test_a_revoked_token_works_no_more_at_once(runtime: Runtime, home: Home) -> None:
    made = tokens.add(runtime, home.slug, "owner")
    assert tokens.check(runtime, made.token.reveal()) is not None

    tokens.revoke(runtime, home.slug, made.id)

    assert tokens.check(runtime, made.token.reveal()) is None


def test_revoking_twice_keeps_the_first_time(runtime: Runtime, home: Home) -> None:
    made = tokens.add(runtime, home.slug, "owner")
    tokens.revoke(runtime, home.slug, made.id)
    (before,) = tokens.listed(runtime, home.slug)

    tokens.revoke(runtime, home.slug, made.id)

    assert tokens.listed(runtime, home.slug) == [before]


def test_the_list_shows_how_a_token_ends_and_nothing_more_of_it(runtime: Runtime, home: Home) -> None:
    made = tokens.add(runtime, home.slug, "agent")

    (row,) = tokens.listed(runtime, home.slug)

    assert (row.id, row.role, row.hint) == (made.id, "agent", made.token.reveal()[-4:])


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(
    runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tokens.add(runtime, home.slug, "agent").token.reveal()
    noted = []
    for now in (1000.0, 1059.0, 1061.0):
        monkeypatch.setattr("bridge.tokens.time.time", lambda now=now: now)
        tokens.check(runtime, token)
        noted.append(tokens.listed(runtime, home.slug)[0].last_used_at)

    assert noted == [1000.0, 1000.0, 1061.0]


def test_a_workspace_cannot_revoke_a_token_of_another(
    runtime: Runtime, home: Home, add_home: Callable[..., Home]
) -> None:
    made = tokens.add(runtime, home.slug, "owner")

    with pytest.raises(NotFound):
        tokens.revoke(runtime, add_home().slug, made.id)

    assert tokens.check(runtime, made.token.reveal()) is not None


def test_a_role_that_does_not_exist_is_refused(runtime: Runtime, home: Home) -> None:
    with pytest.raises(Invalid, match="agent, admin, owner"):
        tokens.add(runtime, home.slug, "root")


@pytest.mark.parametrize(("role", "may"), [("agent", False), ("admin", True), ("owner", True)])
def test_who_may_change_settings(role: str, may: bool) -> None:
    assert Role(role).may_change_settings is may

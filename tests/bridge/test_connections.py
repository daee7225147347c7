"""Connecting helpdesks: once, again without a change, with a new secret, and taking them away."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from bridge import connections, workspaces
from bridge.connections import Connected, access_to
from bridge.connector import Access, Connector, HelpdeskDown, Installed, Option
from bridge.errors import Invalid, NotFound
from bridge.runtime import Runtime
from bridge.scale import FIVE, FOUR
from bridge.store import connections as rows
from bridge.store.connections import StoredState
from tests import fakes

SLUG = "acme"


@dataclass
class Desk:
    """A helpdesk that installs, keeps what it was handed, and may make the hook's secret itself."""

    accesses: list[Access] = field(default_factory=list)
    dry_runs: int = 0
    makes_secret: str | None = None
    others_secrets: tuple[str, ...] = ()
    error: Exception | None = None

    def install(self, access: Access, dry_run: bool) -> Installed:
        if self.error:
            raise self.error
        self.dry_runs += dry_run
        self.accesses.append(access)
        return Installed(("made a webhook",), None if dry_run else self.makes_secret, self.others_secrets)

    def uninstall(self, _access: Access) -> tuple[str, ...]:
        if self.error:
            raise self.error
        return ("deleted the webhook",)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def bridge(runtime: Runtime, desk: Desk) -> Runtime:
    """With the workspace `acme` and the kind `desk`, which asks for an address and a token."""
    connector: Connector = replace(
        fakes.FAKE,
        kind="desk",
        options=(
            Option("url", "address", lower=True),
            Option("token", "its key", secret=True),
            Option("team", "", required=False),
            Option("forms", "", required=False, identifies=False),
        ),
        install=desk.install,
        uninstall=desk.uninstall,
    )
    opened = replace(runtime, connectors={"desk": connector})
    workspaces.add(opened, SLUG)
    return opened


OPTIONS = {"url": "http://desk.example", "token": "s3cret-token"}


def connect(bridge: Runtime, options: dict[str, str] | None = None, **more: object) -> Connected:
    return connections.connect(bridge, SLUG, "desk", OPTIONS if options is None else options, **more)  # type: ignore[arg-type]


def access(bridge: Runtime, connection_id: str) -> Access:
    with bridge.database.read() as connection:
        return access_to(bridge, rows.by_id(connection, connection_id))


def test_a_connection_gets_a_hook_of_its_own_and_a_secret_shown_once(bridge: Runtime) -> None:
    made = connect(bridge)
    assert made.hook_url.startswith("https://bridge.example/hooks/")
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert made.installed == ("made a webhook",)
    assert access(bridge, made.connection).secrets == (made.secret,)


def test_hooks_cannot_be_guessed(bridge: Runtime) -> None:
    hooks = {connect(bridge, OPTIONS | {"url": f"http://desk-{n}.example"}).hook_url for n in range(5)}
    assert len(hooks) == 5
    assert all(len(hook.rpartition("/")[2]) >= 32 for hook in hooks)


def test_connecting_twice_changes_nothing(bridge: Runtime) -> None:
    first, again = connect(bridge), connect(bridge)
    assert (again.connection, again.hook_url, again.secret) == (first.connection, first.hook_url, None)
    (row,) = connections.listed(bridge, SLUG)
    assert access(bridge, row.id).secrets == (first.secret,)


def test_another_address_is_another_connection(bridge: Runtime) -> None:
    connect(bridge)
    connect(bridge, OPTIONS | {"url": "http://other.example"})
    assert len(connections.listed(bridge, SLUG)) == 2


def test_capitals_that_mean_nothing_make_no_second_connection(bridge: Runtime) -> None:
    first = connect(bridge, OPTIONS | {"url": "http://DESK.example", "team": "Blue"})
    again = connect(bridge, OPTIONS | {"url": "http://desk.example", "team": "Blue"})
    assert again.connection == first.connection
    kept = access(bridge, first.connection).options
    assert (kept["url"], kept["team"]) == ("http://desk.example", "Blue")


def test_capitals_that_may_mean_something_make_another_connection(bridge: Runtime) -> None:
    connect(bridge, OPTIONS | {"team": "Blue"})
    connect(bridge, OPTIONS | {"team": "blue"})
    assert len(connections.listed(bridge, SLUG)) == 2


def test_an_option_that_does_not_tell_helpdesks_apart_changes_the_connection_that_is_there(bridge: Runtime) -> None:
    first = connect(bridge, OPTIONS | {"forms": "all"})
    again = connect(bridge, OPTIONS | {"forms": "none"})
    assert (again.connection, again.secret) == (first.connection, None)
    assert access(bridge, first.connection).options["forms"] == "none"


def test_a_new_token_is_taken_over_and_the_secret_stays(bridge: Runtime) -> None:
    first = connect(bridge)
    connect(bridge, OPTIONS | {"token": "a-newer-token"})
    now = access(bridge, first.connection)
    assert now.options["token"] == "a-newer-token"
    assert now.secrets == (first.secret,)


def test_a_rotation_makes_a_new_secret_and_keeps_the_former_for_a_while(bridge: Runtime) -> None:
    first = connect(bridge)
    renewed = connect(bridge, rotate=True)
    assert renewed.secret not in (None, first.secret)
    assert access(bridge, first.connection).secrets == (renewed.secret, first.secret)


def test_a_secret_that_the_helpdesk_made_is_the_only_one(bridge: Runtime, desk: Desk) -> None:
    desk.makes_secret = "whsec_made-by-the-desk"
    made = connect(bridge)
    assert made.secret == desk.makes_secret
    assert access(bridge, made.connection).secrets == (desk.makes_secret,)


def test_a_rotation_at_the_helpdesk_keeps_the_former_secret_for_a_while(bridge: Runtime, desk: Desk) -> None:
    desk.makes_secret = "whsec_first"
    first = connect(bridge)
    desk.makes_secret = "whsec_second"
    connect(bridge, rotate=True)
    assert access(bridge, first.connection).secrets == ("whsec_second", "whsec_first")


def test_the_secrets_of_further_webhooks_are_good_too_as_long_as_they_are_there(bridge: Runtime, desk: Desk) -> None:
    desk.makes_secret = "whsec_first"
    desk.others_secrets = ("trigger-1", "trigger-2")
    first = connect(bridge)
    assert access(bridge, first.connection).secrets == ("whsec_first", "trigger-1", "trigger-2")
    desk.others_secrets = ("trigger-2",)
    connect(bridge)
    assert access(bridge, first.connection).secrets == ("whsec_first", "trigger-2")


def test_a_rotation_leaves_the_secrets_of_further_webhooks(bridge: Runtime, desk: Desk) -> None:
    desk.makes_secret, desk.others_secrets = "whsec_first", ("trigger-1",)
    first = connect(bridge)
    desk.makes_secret = "whsec_second"
    connect(bridge, rotate=True)
    connect(bridge)
    assert access(bridge, first.connection).secrets == ("whsec_second", "whsec_first", "trigger-1")


def test_connecting_again_with_nothing_new_is_no_new_revision(bridge: Runtime, desk: Desk) -> None:
    desk.makes_secret, desk.others_secrets = "whsec_first", ("trigger-1",)
    connect(bridge)
    before = connections.listed(bridge, SLUG)
    connect(bridge)
    assert connections.listed(bridge, SLUG) == before


def test_a_dry_run_of_a_rotation_lets_the_helpdesk_see_what_it_would_mean(bridge: Runtime, desk: Desk) -> None:
    first = connect(bridge)
    connect(bridge, rotate=True, dry_run=True)
    assert desk.accesses[-1].secrets[1:] == (first.secret,)
    assert access(bridge, first.connection).secrets == (first.secret,)


def test_a_connector_is_handed_its_workspaces_scale(bridge: Runtime) -> None:
    made = connect(bridge)
    assert access(bridge, made.connection).scale == FOUR.buckets
    workspaces.set(bridge, SLUG, {"scale": "five"})
    assert access(bridge, made.connection).scale == FIVE.buckets


def test_a_new_scale_is_a_new_revision_so_that_whoever_receives_reads_it(bridge: Runtime) -> None:
    connect(bridge)
    (before,) = connections.listed(bridge, SLUG)
    workspaces.set(bridge, SLUG, {"scale": "five"})
    (after,) = connections.listed(bridge, SLUG)
    assert after.revision > before.revision


def test_a_dry_run_changes_nothing_and_tells_what_it_would(bridge: Runtime, desk: Desk) -> None:
    told = connect(bridge, dry_run=True)
    assert (told.secret, told.installed, desk.dry_runs) == (None, ("made a webhook",), 1)
    assert connections.listed(bridge, SLUG) == []


def test_an_install_that_fails_leaves_no_open_hook(bridge: Runtime, desk: Desk) -> None:
    desk.error = HelpdeskDown("no answer")
    with pytest.raises(HelpdeskDown):
        connect(bridge)
    assert [row.status for row in connections.listed(bridge, SLUG)] in ([], ["disconnected"])


def test_an_install_that_fails_keeps_an_existing_connection(bridge: Runtime, desk: Desk) -> None:
    first = connect(bridge)
    desk.error = HelpdeskDown("no answer")
    with pytest.raises(HelpdeskDown):
        connect(bridge, rotate=True)
    assert first.secret in access(bridge, first.connection).secrets


@pytest.mark.parametrize(
    ("options", "field_name"),
    [({"url": "x"}, "token"), ({"url": "x", "token": ""}, "token"), (OPTIONS | {"colour": "red"}, "colour")],
)
def test_wrong_options_are_named(bridge: Runtime, options: dict[str, str], field_name: str) -> None:
    with pytest.raises(Invalid) as refused:
        connect(bridge, options)
    assert refused.value.field == field_name


def test_unknown_kinds_workspaces_and_connections_are_not_found(bridge: Runtime) -> None:
    for call in (
        lambda: connections.connect(bridge, SLUG, "fax", {}),
        lambda: connections.connect(bridge, "nobody", "desk", OPTIONS),
        lambda: connections.listed(bridge, "nobody"),
        lambda: connections.disconnect(bridge, "desk-never1"),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_prefix_is_kept_until_another_is_chosen(bridge: Runtime) -> None:
    first = connect(bridge, prefix="mood")
    connect(bridge)
    assert access(bridge, first.connection).prefix == "mood"


def test_disconnecting_says_what_it_did_and_can_be_done_twice(bridge: Runtime) -> None:
    made = connect(bridge)
    assert connections.disconnect(bridge, made.connection)[0] == "deleted the webhook"
    assert connections.disconnect(bridge, made.connection) == ("It was disconnected already.",)
    assert [row.status for row in connections.listed(bridge, SLUG)] == ["disconnected"]


def test_a_helpdesk_that_does_not_let_go_stays_connected(bridge: Runtime, desk: Desk) -> None:
    made = connect(bridge)
    desk.error = HelpdeskDown("no answer")
    with pytest.raises(HelpdeskDown):
        connections.disconnect(bridge, made.connection)
    assert [row.status for row in connections.listed(bridge, SLUG)] == ["active"]


def test_after_a_disconnection_the_same_options_are_a_new_connection(bridge: Runtime) -> None:
    first = connect(bridge)
    connections.disconnect(bridge, first.connection)
    again = connect(bridge)
    assert again.connection != first.connection
    assert again.secret is not None


def test_what_a_person_gave_is_stored_encrypted(bridge: Runtime) -> None:
    made = connect(bridge)
    with bridge.database.read() as connection:
        row = rows.by_id(connection, made.connection)
    stored = " ".join(str(getattr(row, name)) for name in type(row).__slots__)
    assert "s3cret-token" not in stored
    assert str(made.secret) not in stored
    assert made.hook_url.rpartition("/")[2] not in stored
    assert json.loads(bridge.vault.decrypt(row.options)) == OPTIONS


# The small values that a connector keeps


@pytest.fixture
def state(bridge: Runtime) -> Callable[[], StoredState]:
    """Two states of one connection, as two processes have them."""
    made = connect(bridge)
    return lambda: StoredState(bridge.database, bridge.vault, made.connection)


def test_a_value_is_absent_until_it_is_set(state: Callable[[], StoredState]) -> None:
    one, other = state(), state()
    assert one.get("cursor") is None
    assert one.set("cursor", "a", expected=None)
    assert other.get("cursor") == "a"


def test_a_value_is_only_changed_from_what_was_expected(state: Callable[[], StoredState]) -> None:
    one = state()
    one.set("cursor", "a", expected=None)
    assert not one.set("cursor", "c", expected=None)
    assert not one.set("cursor", "c", expected="b")
    assert one.set("cursor", "b", expected="a")
    assert one.get("cursor") == "b"


def test_keys_and_connections_do_not_meet(bridge: Runtime, state: Callable[[], StoredState]) -> None:
    other = connect(bridge, OPTIONS | {"url": "http://other.example"})
    state().set("cursor", "a", expected=None)
    assert state().get("token") is None
    assert StoredState(bridge.database, bridge.vault, other.connection).get("cursor") is None

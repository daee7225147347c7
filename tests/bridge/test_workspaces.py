"""Workspaces: add, list, show, set, delete."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bridge import connections, receive, tickets, tokens, workspaces
from bridge.errors import Invalid, NotFound
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store import relabel, removal
from bridge.store.tables import State, metadata
from bridge.store.tables import tickets as ticket_table
from bridge.workspace_settings import WorkspaceSettings
from tests.fakes import Home, message, scored


def test_a_new_workspace_is_on_with_the_usual_settings(runtime: Runtime) -> None:
    made = workspaces.add(runtime, "acme", "Acme Support")

    assert (made.slug, made.name, made.settings) == ("acme", "Acme Support", WorkspaceSettings())
    assert workspaces.show(runtime, "acme") == made


def test_without_a_name_the_slug_is_the_name(runtime: Runtime) -> None:
    assert workspaces.add(runtime, "acme").name == "acme"


def test_each_workspace_has_a_secret_of_its_own_kept_encrypted(runtime: Runtime) -> None:
    first, second = (workspaces.add(runtime, slug) for slug in ("a", "b"))

    opened = {runtime.vault.decrypt(one.secret) for one in (first, second)}

    assert len(opened) == 2
    assert all(len(secret) == 43 for secret in opened)


@pytest.mark.parametrize("slug", ["", "A", "-a", "a-", "a b", "a/b", "ä", "a" * 64, "a\n"])
def test_a_slug_that_does_not_fit_an_address_is_refused(runtime: Runtime, slug: str) -> None:
    with pytest.raises(Invalid, match="slug"):
        workspaces.add(runtime, slug)


def test_a_slug_is_taken_once(runtime: Runtime) -> None:
    workspaces.add(runtime, "acme")

    with pytest.raises(Invalid, match="already"):
        workspaces.add(runtime, "acme")


@pytest.mark.parametrize("name", ["", "  ", "a\x00", "a" * 201])
def test_a_name_is_printable(runtime: Runtime, name: str) -> None:
    with pytest.raises(Invalid, match="name"):
        workspaces.add(runtime, "acme", name)


def test_all_are_listed_by_slug(runtime: Runtime) -> None:
    for slug in ("b", "a"):
        workspaces.add(runtime, slug)

    assert [one.slug for one in workspaces.listed(runtime)] == ["a", "b"]


def test_a_workspace_that_is_not_there_is_not_found(runtime: Runtime) -> None:
    for act in (workspaces.show, workspaces.delete, lambda runtime, slug: workspaces.set(runtime, slug, {})):
        with pytest.raises(NotFound):
            act(runtime, "nobody")


def test_settings_are_changed_and_the_others_stay(runtime: Runtime, home: Home) -> None:
    workspaces.set(runtime, home.slug, {"retention": "30"})

    changed = workspaces.set(runtime, home.slug, {"enabled": "off", "in_flight": "5"})

    assert changed.settings == WorkspaceSettings(enabled=False, in_flight=5, retention=30)
    assert workspaces.show(runtime, home.slug) == changed


def test_one_wrong_value_changes_nothing(runtime: Runtime, home: Home) -> None:
    with pytest.raises(Invalid, match="retention"):
        workspaces.set(runtime, home.slug, {"enabled": "off", "retention": "-1"})

    assert workspaces.show(runtime, home.slug).settings == WorkspaceSettings()


def labels(runtime: Runtime, home: Home, ticket_id: str) -> tuple[str, list[str | None]]:
    found = tickets.one(runtime, home.slug, home.connection, ticket_id)
    return found.ticket.label, [one.label for one in found.messages]


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_a_new_scale_relabels_what_is_scored_by_its_score(
    runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(relabel, "BATCH", batch)
    scored(runtime, home, "T-1", 60, 59, 20, 19, -20, -21, -60, -61, -100, None)
    scored(runtime, home, "T-2", 50)
    scored(runtime, home, "T-3", None)

    workspaces.set(runtime, home.slug, {"scale": "five"})

    five = ["very_positive", *["positive"] * 2, *["neutral"] * 2, *["negative"] * 2, *["very_negative"] * 2]
    assert labels(runtime, home, "T-1") == ("very_negative", [*five, "unknown"])
    assert labels(runtime, home, "T-2") == ("positive", ["positive"])
    assert labels(runtime, home, "T-3") == ("unknown", ["unknown"])


def test_back_to_the_former_scale_everything_is_as_it_was(runtime: Runtime, home: Home) -> None:
    scored(runtime, home, "T-1", 60, -30, -90)
    before = labels(runtime, home, "T-1")

    for scale in ("five", "four"):
        workspaces.set(runtime, home.slug, {"scale": scale})

    assert labels(runtime, home, "T-1") == before


def test_a_new_scale_leaves_other_workspaces_alone(runtime: Runtime, home: Home, add_home: Callable[..., Home]) -> None:
    other = add_home()
    scored(runtime, other, "T-1", 100)

    workspaces.set(runtime, home.slug, {"scale": "five"})

    assert labels(runtime, other, "T-1") == ("positive", ["positive"])


def test_a_ticket_whose_label_changed_counts_as_updated(runtime: Runtime, home: Home) -> None:
    for name, score in (("changes", 100), ("stays", 0)):
        scored(runtime, home, name, score)
    before = {one.ticket_id: one.updated_at for one in tickets.listed(runtime, home.slug).tickets}

    workspaces.set(runtime, home.slug, {"scale": "five"})

    after = {one.ticket_id: one.updated_at for one in tickets.listed(runtime, home.slug).tickets}
    assert after["changes"] > before["changes"]
    assert after["stays"] == before["stays"]


def _written(runtime: Runtime, ticket_id: str, **values: object) -> None:
    """The ticket as it is after its label was written into the helpdesk, but for `values`."""
    shown = {name: ticket_table.c[name] for name in ("label", "score", "trend")}
    written = {f"written_{name}": column for name, column in shown.items()}
    state = {"state": int(State.SETTLED), "origin": "live", "bulk": 0}
    runtime.database.write(
        lambda connection: connection.execute(
            sa.update(ticket_table)
            .where(ticket_table.c.ticket_id == ticket_id)
            .values(**{**state, **written, **values})
        )
    )


def _due(runtime: Runtime) -> dict[str, tuple[str, int]]:
    with runtime.database.read() as connection:
        rows = connection.execute(sa.select(ticket_table).where(ticket_table.c.state == int(State.PENDING)))
        return {row.ticket_id: (row.origin, row.bulk) for row in rows}


def test_the_helpdesk_follows_a_new_scale_as_bulk_work(runtime: Runtime, add_home: Callable[..., Home]) -> None:
    home = add_home(kind="writable")
    for name, score in (("changes", 100), ("stays", 0), ("held", 100), ("unknown", None), ("never written", 100)):
        scored(runtime, home, name, score)
        _written(runtime, name)
    _written(runtime, "held", held_at=4e9)
    _written(runtime, "never written", written_label=None)

    workspaces.set(runtime, home.slug, {"scale": "five"})

    assert _due(runtime) == {"changes": ("scale", 1)}


def test_live_work_that_waits_stays_live_when_the_scale_changes(
    runtime: Runtime, add_home: Callable[..., Home]
) -> None:
    home = add_home(kind="writable")
    scored(runtime, home, "T-1", 100)
    before = _due(runtime)

    workspaces.set(runtime, home.slug, {"scale": "five"})

    assert before == _due(runtime) == {"T-1": ("live", 0)}


def test_a_disconnected_helpdesk_is_not_written_to_when_the_scale_changes(
    runtime: Runtime, add_home: Callable[..., Home]
) -> None:
    home = add_home(kind="writable")
    scored(runtime, home, "T-1", 100)
    _written(runtime, "T-1")
    connections.disconnect(runtime, home.connection)

    workspaces.set(runtime, home.slug, {"scale": "five"})

    assert _due(runtime) == {}


def test_giving_the_scale_again_finishes_a_change_that_was_interrupted(
    runtime: Runtime, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(runtime, home, "T-1", 100)
    with monkeypatch.context() as interrupted:
        interrupted.setattr(workspaces, "_relabel", lambda *_arguments: None)
        workspaces.set(runtime, home.slug, {"scale": "five"})
    before = labels(runtime, home, "T-1")

    workspaces.set(runtime, home.slug, {"scale": "five"})

    assert (before[0], labels(runtime, home, "T-1")[0]) == ("positive", "very_positive")


def _count_everything(runtime: Runtime) -> dict[str, int]:
    with runtime.database.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
            if table.name not in ("schedule", "workers")
        }


def _full(runtime: Runtime, home: Home) -> None:
    """Something in every table."""
    for number in range(3):
        scored(runtime, home, f"T-{number}", -80)
    body, headers = home.event([message("T-9"), message("T-1", author="staff")], targets=[["ticket", "T-7"]])
    Receiver(runtime).receive(home.hook, body, headers)
    tokens.add(runtime, home.slug, "agent")
    connections.access_to(runtime, *connections.listed(runtime, home.slug)).state.set("cursor", "5", None)


@pytest.mark.parametrize("batch", [1, 1000])
def test_deleting_a_workspace_leaves_nothing_of_it_and_everything_of_others(
    runtime: Runtime, home: Home, add_home: Callable[..., Home], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(removal, "BATCH", batch)
    _full(runtime, home)
    before = _count_everything(runtime)
    _full(runtime, doomed := add_home())

    removed = workspaces.delete(runtime, doomed.slug)

    assert _count_everything(runtime) == before
    told = {"messages": 5, "tickets": 3, "read requests": 1, "connections": 1, "tokens": 1}
    assert told.items() <= removed.items()


def test_a_deleted_workspace_takes_no_more_events_and_its_tokens_work_no_more(runtime: Runtime, home: Home) -> None:
    receiver = Receiver(runtime)
    body, headers = home.event([message()])
    receiver.receive(home.hook, body, headers)
    token = tokens.add(runtime, home.slug, "owner").token.reveal()

    workspaces.delete(runtime, home.slug)

    with pytest.raises(receive.UnknownHook):
        receiver.receive(home.hook, body, headers)
    assert tokens.check(runtime, token) is None


def test_a_slug_may_be_used_again_after_its_workspace_is_gone(runtime: Runtime, home: Home) -> None:
    workspaces.delete(runtime, home.slug)

    assert workspaces.add(runtime, home.slug).secret != ""

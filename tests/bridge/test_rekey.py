"""Rotating the secret key: everything is encrypted anew, so that the old key can be thrown away."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bridge.receive import Receiver
from bridge.rekey import rotate
from bridge.runtime import Runtime
from bridge.store.connections import StoredState
from bridge.store.encrypted import COLUMNS, Encrypted, next_batch
from bridge.store.encrypted import replace as store
from bridge.store.tables import messages
from bridge.vault import Secret, Vault, WrongKey
from tests import fakes
from tests.conftest import SECRET_KEY
from tests.fakes import Home

OLD, NEW = Secret(SECRET_KEY), Secret("another secret key of the tests, long enough")


@pytest.fixture
def both(runtime: Runtime) -> Runtime:
    """The same installation with a new key before the old one."""
    return replace(runtime, vault=Vault([NEW, OLD]))


def fill(runtime: Runtime, home: Home, count: int = 3) -> None:
    """Something in every encrypted column that receiving and connecting fill."""
    body, headers = home.event([fakes.message() for _ in range(count)])
    Receiver(runtime).receive(home.hook, body, headers)
    StoredState(runtime.database, runtime.vault, home.connection).set("cursor", "2026", None)


def values(runtime: Runtime) -> list[str]:
    found: list[str] = []
    with runtime.database.read() as connection:
        for column in COLUMNS:
            held = sa.select(column.table.c[column.name]).where(column.table.c[column.name].is_not(None))
            found += connection.execute(held).scalars()
    return found


def test_after_a_rotation_the_new_key_alone_opens_everything(runtime: Runtime, both: Runtime, home: Home) -> None:
    fill(runtime, home)
    rotate(both)
    new = Vault([NEW])
    assert len([new.decrypt(value) for value in values(runtime)]) == 8


def test_what_was_encrypted_is_what_comes_out(runtime: Runtime, both: Runtime, home: Home) -> None:
    fill(runtime, home)
    before = sorted(map(runtime.vault.decrypt, values(runtime)))
    rotate(both)
    assert sorted(map(Vault([NEW]).decrypt, values(runtime))) == before


def test_it_says_how_many_values_of_each_column_were_renewed(runtime: Runtime, both: Runtime, home: Home) -> None:
    fill(runtime, home)
    counts = rotate(both)
    assert {name: count for name, count in counts.items() if count} == {
        "workspaces.secret": 1,
        "connections.hook": 1,
        "connections.options": 1,
        "connections.secrets": 1,
        "connection_state.value": 1,
        "messages.text": 3,
    }


def test_more_rows_than_a_batch_are_all_renewed(runtime: Runtime, both: Runtime, home: Home) -> None:
    fill(runtime, home, 300)
    fill(runtime, home, 300)
    assert rotate(both)["messages.text"] == 600
    new = Vault([NEW])
    assert len([new.decrypt(value) for value in values(runtime)]) == 605


def test_every_column_with_encrypted_text_is_known(runtime: Runtime, home: Home) -> None:
    """Whatever looks like a token in any column of any table is walked by the rotation."""
    fill(runtime, home)
    known = {(column.table.name, column.name) for column in COLUMNS}
    metadata = messages.metadata
    with runtime.database.read() as connection:
        for table in metadata.tables.values():
            for row in connection.execute(sa.select(table)).mappings():
                tokens = {name for name, value in row.items() if isinstance(value, str) and value.startswith("gAAAA")}
                assert {(table.name, str(name)) for name in tokens} <= known


def test_a_value_that_no_key_opens_stops_the_rotation(runtime: Runtime, home: Home) -> None:
    fill(runtime, home)
    strangers = replace(runtime, vault=Vault([NEW]))
    with pytest.raises(WrongKey):
        rotate(strangers)


def test_a_message_settled_meanwhile_keeps_no_text(runtime: Runtime, both: Runtime, home: Home) -> None:
    fill(runtime, home, 1)
    column = next(one for one in COLUMNS if (one.table.name, one.name) == ("messages", "text"))
    with runtime.database.read() as connection:
        (old,) = next_batch(connection, column, None)
    runtime.database.write(lambda c: c.execute(sa.update(messages).values(text=None)))
    renewed: list[tuple[Encrypted, str]] = [(old, both.vault.rotate(old.value))]
    assert runtime.database.write(lambda c: store(c, column, renewed)) == 0
    with runtime.database.read() as connection:
        assert connection.execute(sa.select(messages.c.text)).scalar_one() is None

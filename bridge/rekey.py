"""Encrypting everything anew with the first key, so that an older one can be thrown away."""

from functools import partial

from bridge.runtime import Runtime
from bridge.store.encrypted import COLUMNS, EncryptedColumn, next_batch, replace


def rotate(runtime: Runtime) -> dict[str, int]:
    """How many values of each column were encrypted anew. Small batches, so that work goes on beside it.

    Raises WrongKey when a value was encrypted with a key that is not in MOODBRIDGE_SECRET_KEY any more.
    """
    return {f"{column.table.name}.{column.name}": _rotate(runtime, column) for column in COLUMNS}


def _rotate(runtime: Runtime, column: EncryptedColumn) -> int:
    done = 0
    after: tuple[object, ...] | None = None
    while True:
        with runtime.database.read() as connection:
            batch = next_batch(connection, column, after)
        if not batch:
            return done
        after = batch[-1].key
        renewed = [(one, runtime.vault.rotate(one.value)) for one in batch]
        done += runtime.database.write(partial(replace, column=column, renewed=renewed))

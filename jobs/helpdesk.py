"""What a busy or failing helpdesk means for the rows of its connection: they wait, and its health says why."""

import contextlib
import time
from collections.abc import Iterator

from bridge.connector import HelpdeskDown, RateLimited, Refused
from bridge.runtime import Runtime
from bridge.store.connections import pause
from bridge.store.outages import note_outage
from jobs.drain import Later

OUTAGE_PAUSE = 15.0
"""Seconds until a helpdesk that did not answer is tried again."""

REFUSED_PAUSE = 300.0
"""Seconds until a sign-in that was refused is tried again: a person must act first."""


@contextlib.contextmanager
def waiting_out(runtime: Runtime, connection_id: str, doing: str) -> Iterator[None]:
    """Turns the helpdesk's outage, refusal or rate limit into `Later`, which counts against no row."""
    try:
        yield
    except RateLimited as error:
        let_rest(runtime, connection_id, error)
        raise Later(error.retry_after, str(error)) from error
    except HelpdeskDown as error:
        _note(runtime, connection_id, doing, str(error))
        raise Later(OUTAGE_PAUSE, str(error)) from error
    except Refused as error:
        _note(runtime, connection_id, doing, str(error))
        raise Later(REFUSED_PAUSE, str(error)) from error


def let_rest(runtime: Runtime, connection_id: str, limited: RateLimited) -> None:
    """Calls the helpdesk for no row of the connection, where it asks for that."""
    if limited.whole:
        until = time.time() + limited.retry_after
        runtime.database.write(lambda connection: pause(connection, connection_id, until))


def _note(runtime: Runtime, connection_id: str, doing: str, error: str) -> None:
    if runtime.database.write(lambda connection: note_outage(connection, connection_id, doing, error, time.time())):
        runtime.waker.soon(("notify",))

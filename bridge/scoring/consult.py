"""Asking a workspace's provider about one text: everything that stands before a call, and what follows a failure."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.errors import BridgeError
from bridge.http import Http
from bridge.model import Verdict
from bridge.scoring.pace import Pace
from bridge.scoring.providers.ask import Answer, ask
from bridge.scoring.providers.outcomes import CallFailed, Then
from bridge.scoring.providers.route import Route, route
from bridge.scoring.standing import Standing
from bridge.store.providers import ProviderRow
from bridge.store.usage import Usage
from bridge.vault import Secret, Vault

log = logging.getLogger("moodbridge.provider")

FIRST_WAIT = 2.0
LONGEST_WAIT = 60.0
"""Seconds until a call that failed for a while is tried again, where the provider names no time: as long as the message
has waited already, within these."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of asking. Either a verdict, or `again_at`, or neither: then the embedded scorer is asked."""

    verdict: Verdict | None = None
    """As the provider gave it."""
    known: bool = False
    """It was known: no call was made."""
    again_at: float | None = None
    paused: bool = False
    """`again_at` is the end of the breaker's pause."""
    reason: str | None = None
    """Why there is no verdict."""
    spent: Usage = field(default_factory=Usage)
    failure: CallFailed | None = None
    """What ended the last call."""
    requests_per_minute: int | None = None


def route_of(row: ProviderRow, vault: Vault) -> Route:
    """The way to a stored provider. Raises WrongKey, and Invalid when this version cannot use it any more."""
    key = None if row.key is None else Secret(vault.decrypt(row.key))
    return route(row.provider, key, row.model, row.base_url)


def consult(http: Http, pace: Pace, vault: Vault, standing: Standing, text: str, waited: float) -> Told:
    """What the provider says of a text that has waited so many seconds. Raises nothing that a provider can cause."""
    row = standing.provider
    if standing.known is not None:
        return Told(standing.known.verdict, known=True)
    if standing.closed is not None:
        return Told(reason=standing.closed)
    if row.paused_until is not None:
        return Told(again_at=row.paused_until, paused=True, reason=row.problem)
    try:
        way = route_of(row, vault)
    except BridgeError as error:
        log.warning("the provider cannot be used", extra={"error": str(error)})
        return Told(reason=str(error))
    return asked(http, way, text, _pacer(pace, row), waited)


def _pacer(pace: Pace, row: ProviderRow) -> Callable[[], float]:
    if row.requests_per_minute is None:
        return lambda: 0.0
    account, limit = f"{row.workspace_id}:{row.revision}", row.requests_per_minute
    return lambda: pace.take(account, limit)


def asked(http: Http, way: Route, text: str, paced: Callable[[], float] = lambda: 0.0, waited: float = 0.0) -> Told:
    """What comes of calling, again too where the outcome says so. `paced` gives the seconds to wait before a call."""
    spent = Usage()
    failure: CallFailed | None = None
    tries = 0
    while not (pause := paced()):
        try:
            answer = ask(http, way, text)
        except CallFailed as error:
            failure = error
            spent += spent_by(error)
            tries += 1
            if tries > error.retries:
                break
        else:
            return Told(answer.verdict, spent=spent + spent_by(answer), requests_per_minute=answer.requests_per_minute)
    if failure is None:
        return Told(again_at=time.time() + pause, reason=f"{way.profile.title} allows no more calls in this minute")
    return Told(
        again_at=_again_at(failure, waited) if failure.then is Then.LATER else None,
        reason=str(failure),
        spent=spent,
        failure=failure,
        requests_per_minute=failure.requests_per_minute,
    )


def _again_at(failure: CallFailed, waited: float) -> float:
    wait = failure.retry_after
    if wait is None:
        wait = min(max(waited, FIRST_WAIT), LONGEST_WAIT)
    return time.time() + wait * random.uniform(1, 1.25)


def spent_by(call: Answer | CallFailed) -> Usage:
    """What one call took. One that the provider neither answered nor counted costs nothing."""
    counted = call.usage
    answered = isinstance(call, Answer)
    return Usage(
        calls=1,
        failed=int(not answered),
        input_tokens=counted.input if counted else 0,
        cached_tokens=counted.cached if counted else 0,
        output_tokens=counted.output if counted else 0,
        cost=call.cost or 0,
        unpriced=int(call.cost is None and (answered or counted is not None)),
    )

"""Shows in helpdesks which tickets need a person, where a rule asks for it: a tag, a raised priority, an internal note.

Beside the write-back drain, with rows in `writes` as it has. A connector does nothing twice: the tag tells that all was
done.
"""

import json
import logging
import time
from functools import partial

from bridge.alerts import NOTE, PRIORITY
from bridge.channels.words import RULES
from bridge.channels.words import marks as line_of
from bridge.connections import access_to, connector_of
from bridge.connector import Mark, WriteResult, WriteStatus
from bridge.errors import BridgeError
from bridge.model import Score
from bridge.runtime import Runtime
from bridge.scale import shown
from bridge.store import connections, marks
from bridge.store.deliveries import last_scores
from bridge.store.marks import Due
from bridge.workspace_settings import from_json
from jobs.drain import Later
from jobs.helpdesk import waiting_out
from jobs.process import runtime

log = logging.getLogger("moodbridge.writeback")

AT_ONCE = 20
LINE = 12


def run() -> None:
    """What RQ runs, every quarter of a minute."""
    mark(runtime(), time.time())


def mark(here: Runtime, now: float) -> int:
    """Marks and unmarks what is due; how many helpdesks were told."""
    with here.database.read() as connection:
        homes = marks.acting(connection)
        waiting = [one for home, rules in homes.items() for one in marks.due(connection, home, rules, now, AT_ONCE)]
    resting: set[str] = set()
    told = 0
    for one in waiting:
        if one.connection_id not in resting:
            result = _tell(here, one, now)
            if result is None or result.status is WriteStatus.LATER:
                resting.add(one.connection_id)
            told += result is not None and result.status is WriteStatus.DONE
    return told


def _tell(here: Runtime, one: Due, now: float) -> WriteResult | None:
    """None: its helpdesk does not take marks, or does not answer just now."""
    with here.database.read() as connection:
        row = connections.by_id(connection, one.connection_id)
    try:
        connector, access = connector_of(here, row.kind), access_to(here, row)
    except BridgeError as error:
        log.warning(str(error))
        return None
    if connector.mark is None:
        return None
    write_id = here.database.write(partial(marks.begin, one=one, now=now))
    try:
        with waiting_out(here, row.id, connections.WRITING):
            result = connector.mark(access, _wanted(here, one))
    except Later as later:
        result = WriteResult(one.ticket_id, WriteStatus.LATER, retry_after=later.seconds, reason=str(later))
    here.database.write(partial(marks.settle, one=one, write_id=write_id, result=result, now=time.time()))
    log.info(
        "marked" if result.status is WriteStatus.DONE else "not marked",
        extra={"connection": one.connection_id, "ticket": one.ticket_id, "status": str(result.status)},
    )
    return result


def _wanted(here: Runtime, one: Due) -> Mark:
    if one.rule is None:
        return Mark(one.ticket_id, on=False)
    actions = one.rule.actions or ()
    note = _note(here, one, one.rule.name) if NOTE in actions else None
    return Mark(one.ticket_id, on=True, raise_priority=PRIORITY in actions, note=note)


def _note(here: Runtime, one: Due, rule: str) -> str:
    """What agents read in the ticket: why, where it goes, and the pieces of the customer's message that tell."""
    with here.database.read() as connection:
        scores = last_scores(connection, one.connection_id, one.ticket_id, LINE)
    score = None if one.score is None else shown(Score(one.score))
    lines = [
        f"Moodbridge: this conversation needs a person ({RULES.get(rule, rule)}).",
        f"Label {one.label}, score {'-' if score is None else f'{score:+.2f}'}, trend {one.trend} {line_of(scores)}",
    ]
    if one.indicators and from_json(one.settings).indicators:
        lines += [f"“{piece}”" for piece in json.loads(here.vault.decrypt(one.indicators))]
    return "\n".join([*lines, "Read the message before you act: the label is a machine's guess."])

"""What `connect` made in the account, kept with the connection: the ids that reading and writing need."""

import json
from dataclasses import asdict, dataclass

from bridge.connector import Access, Refused

KEY = "account"


@dataclass(frozen=True, slots=True)
class Record:
    """Ids are Zendesk's. `webhook` is None where the bridge polls instead."""

    user_id: int
    label_field: int
    score_field: int
    trend_field: int
    options: tuple[str, ...] = ()
    """The label drop-down's option values as they were last seen."""
    views: tuple[int, ...] = ()
    webhook: str | None = None


def load(access: Access) -> Record:
    """What was installed. Raises Refused when nothing was."""
    record = find(access)
    if record is None:
        raise Refused("nothing is installed in this Zendesk account yet: run moodbridge connect zendesk again")
    return record


def find(access: Access) -> Record | None:
    """What was installed, if anything was."""
    text = access.state.get(KEY)
    if text is None:
        return None
    kept = json.loads(text)
    return Record(**{**kept, "options": tuple(kept["options"]), "views": tuple(kept["views"])})


def save(access: Access, record: Record) -> None:
    """Keeps the record; the last one who installs is right."""
    text = json.dumps(asdict(record))
    while not access.state.set(KEY, text, access.state.get(KEY)):
        pass

"""The names of our fields, as Freshdesk gave them: made by it from the label, and never computed by us."""

import json
from dataclasses import asdict, dataclass

from bridge.connector import Access, Refused

KEY = "fields"


@dataclass(frozen=True, slots=True)
class Names:
    label: str
    score: str
    trend: str


def names_of(access: Access) -> Names:
    """What `keep` stored. Raises Refused before the connection was set up."""
    kept = access.state.get(KEY)
    if kept is None:
        raise Refused("the connection was never set up: connect it again")
    return Names(**json.loads(kept))


def keep(access: Access, names: Names) -> None:
    """Stores the names for the connection."""
    access.state.set(KEY, json.dumps(asdict(names)), access.state.get(KEY))


def labels_of(access: Access) -> tuple[str, ...]:
    """Every label a ticket may show, `unknown` last."""
    return (*(label for label, _ in access.scale), "unknown")

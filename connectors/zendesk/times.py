"""Zendesk's times: RFC 3339, with whole seconds in the API and up to nanoseconds in events."""

import datetime
import re

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def moment(text: str) -> float | None:
    """Unix seconds; None for what is no date and time."""
    # Nanoseconds are more than fromisoformat takes.
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    try:
        return datetime.datetime.fromisoformat(found[1] + found[3]).timestamp() + float(found[2] or 0)
    except (ValueError, OverflowError):
        return None


def stamp(at: float) -> str:
    """As the API writes `updated_at`: whole seconds, UTC."""
    return datetime.datetime.fromtimestamp(int(at), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

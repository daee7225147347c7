"""Pages of short lists, which are read whole: the cursor is the last item's id."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bridge.errors import Invalid
from bridge.web.api.types import Paging

T = TypeVar("T")


def page_of(found: Sequence[T], asked: Paging, id_of: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """The items behind the cursor, and the next cursor (None: there are no more). Raises Invalid."""
    start = 0
    if asked.cursor is not None:
        place = next((place for place, one in enumerate(found) if id_of(one) == asked.cursor), None)
        if place is None:
            raise Invalid("cursor", "give the next_cursor of the page before; begin anew if its last item is gone")
        start = place + 1
    items = found[start : start + asked.limit]
    more = start + asked.limit < len(found)
    return items, id_of(items[-1]) if more else None

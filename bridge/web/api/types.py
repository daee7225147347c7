"""Types that the API's dataclasses are made of, each with what JSON Schema says of it.

The words in an `Annotated` are JSON Schema's own (draft 2020-12, which OpenAPI 3.1 takes as it is). The same words are
published and enforced by `reading`, so that the description says what the code does.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from bridge.model import EXTERNAL_ID, Score
from bridge.tickets import MOST, USUAL


def says(**words: Any) -> tuple[tuple[str, Any], ...]:
    """Words of JSON Schema about a type, as an `Annotated` can hold them."""
    return tuple(words.items())


Moment = Annotated[float, says(type="string", format="date-time")]
"""Unix seconds inside, RFC 3339 in JSON."""

Number = Annotated[Score, says(minimum=-1, maximum=1)]
"""A score: hundredths inside, -1 to 1 in JSON."""
Difference = Annotated[Score, says(minimum=-2, maximum=2)]
"""Of two scores."""

Id = Annotated[str, says(pattern=f"^{EXTERNAL_ID.pattern}$")]
Name = Annotated[str, says(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""Of a workspace."""
Label = Annotated[str, says(pattern="^[a-z][a-z0-9_]{0,29}$")]
Line = Annotated[str, says(pattern="^[^\\x00-\\x1f\\x7f-\\x9f]+$", maxLength=200)]
"""Some printable characters in one line."""
Visible = Annotated[str, says(pattern="^[!-~]{1,2000}$")]
"""ASCII without blanks: addresses, keys, cursors."""
RoleName = Literal["agent", "admin", "owner"]
Text = Annotated[str, says(pattern="^[^\\x00]*$", maxLength=10_000)]


@dataclass(frozen=True, slots=True)
class Nothing:
    """What a request has that asks for nothing."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list: up to `limit` items, from behind the cursor that the page before gave."""

    cursor: Annotated[str, says(pattern="^[A-Za-z0-9_.@+-]{1,300}$")] | None = None
    limit: Annotated[int, says(minimum=1, maximum=MOST)] = USUAL


Json = Any
"""Anything that JSON can say."""

"""The rules by which tickets escalate. Everybody may see them."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from bridge import alerts, rules
from bridge.model import Trend
from bridge.tokens import Role
from bridge.web.api.endpoint import Call, endpoint
from bridge.web.api.types import Label, Number, says

_Texts = Annotated[Sequence[Annotated[str, says(pattern="^[^\\x00-\\x1f]{1,200}$")]], says(minItems=1, maxItems=50)]
_Below = Annotated[float, says(minimum=-1, maximum=1)]


@dataclass(frozen=True, slots=True)
class Rule:
    """A ticket escalates when everything that a rule names holds; what is null is not asked."""

    name: Annotated[str, says(pattern="^[A-Za-z_][A-Za-z0-9_]{0,59}$")]
    trend: Trend | None = None
    average_below: _Below | None = None
    latest_below: _Below | None = None
    labels: Annotated[Sequence[Label], says(minItems=1, maxItems=20)] | None = None
    not_first: bool = False
    tags: _Texts | None = None
    priorities: _Texts | None = None
    contacts: Annotated[int, says(minimum=2, maximum=50)] | None = None
    within_days: Annotated[int, says(minimum=1, maximum=90)] | None = None
    silent_hours: Annotated[int, says(minimum=1, maximum=720)] | None = None


@dataclass(frozen=True, slots=True)
class RuleShown:
    """A rule that holds; what is null is not asked."""

    name: str
    trend: Trend | None
    average_below: Number | None
    latest_below: Number | None
    labels: Sequence[str] | None
    not_first: bool
    tags: Sequence[str] | None
    priorities: Sequence[str] | None
    contacts: int | None
    within_days: int | None
    silent_hours: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold."""

    rules: Sequence[RuleShown]


@dataclass(frozen=True, slots=True)
class RulesChange:
    """The rules that are to hold; null: the usual ones again."""

    rules: Annotated[Sequence[Rule], says(maxItems=alerts.MOST_RULES)] | None


@endpoint("GET", "/alert-rules", Role.AGENT, Rules)
def show_rules(call: Call) -> Rules:
    """Show the rules by which tickets escalate."""
    return Rules(rules.show(call.runtime, call.slug))  # type: ignore[arg-type]


@endpoint("PUT", "/alert-rules", Role.ADMIN, Rules)
def change_rules(call: Call, body: RulesChange) -> Rules:
    """Change the rules by which tickets escalate.

    Tickets that have escalated stay so until they recover by the new rules.
    """
    text = None if body.rules is None else json.dumps([dataclasses.asdict(one) for one in body.rules])
    return Rules(rules.change(call.runtime, call.slug, text))  # type: ignore[arg-type]

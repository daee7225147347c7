"""When a conversation needs a person: rules as data, and when it has recovered. Pure rules, on hundredths."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.errors import Invalid
from bridge.model import Score, Trend

MARGIN = 10
"""Hundredths beyond a rule's cut before a ticket counts as recovered, so that one at the cut does not flap."""

COOLDOWN = 86_400.0
"""Seconds after an escalation in which the same ticket does not escalate again."""

MOST_RULES = 20

TAG, PRIORITY, NOTE = ACTIONS = ("tag", "priority", "note")
"""A tag; a raised priority; an internal note with trend and indicators."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A ticket escalates when everything that a rule names holds. What is None is not asked."""

    name: str
    trend: Trend | None = None
    average_below: Score | None = None
    """The current average: the mean of the last three scores."""
    latest_below: Score | None = None
    labels: tuple[str, ...] | None = None
    not_first: bool = False
    """Not by a customer's first message: everybody writes to support with a problem."""
    tags: tuple[str, ...] | None = None
    """The ticket has one of these tags in its helpdesk, or one of these priorities."""
    priorities: tuple[str, ...] | None = None
    contacts: int | None = None
    """The customer has written on at least so many tickets, this one included, within `within_days`."""
    within_days: int | None = None
    silent_hours: int | None = None
    """No public reply of staff for so long since the customer's newest message."""

    actions: tuple[str, ...] | None = None
    """What is done in the helpdesk when it escalates, of ACTIONS; the tag always. Nothing unless it says so."""

    @property
    def asks_mood(self) -> bool:
        """Whether it asks how the customer feels."""
        return any(one is not None for one in (self.trend, self.average_below, self.latest_below, self.labels))


DEFAULT_RULES = (
    Rule("sentiment_declining", trend=Trend.DECLINING, average_below=Score(-50)),
    Rule("very_negative_message", latest_below=Score(-70)),
)


@dataclass(frozen=True, slots=True)
class Situation:
    """A ticket as rules see it."""

    label: str
    latest: Score | None
    trend: Trend
    current_avg: Score | None
    scores: int
    """How many messages have one."""
    tags: frozenset[str] = frozenset()
    priority: str | None = None
    contacts: Mapping[int, int] = field(default_factory=dict)
    """For numbers of days: on how many tickets its customer has written within them."""
    silent_hours: float = 0.0
    """For how long the customer has waited for staff."""


def escalating(rules: Sequence[Rule], ticket: Situation) -> Rule | None:
    """The first rule that the ticket meets."""
    return next((rule for rule in rules if _meets(rule, ticket, margin=0) and _is_silent(rule, ticket)), None)


def has_recovered(rules: Sequence[Rule], ticket: Situation) -> bool:
    """Whether no rule is met any more, by a margin. That staff answers is not yet a recovery; the customer decides."""
    return not any(_meets(rule, ticket, margin=MARGIN) for rule in rules if rule.asks_mood)


def hours_to_wait(rules: Sequence[Rule], ticket: Situation) -> int | None:
    """After how many hours without a reply of staff the ticket meets a rule, from now on; None: it meets none so."""
    waits = [
        rule.silent_hours
        for rule in rules
        if rule.silent_hours is not None and rule.silent_hours > ticket.silent_hours and _meets(rule, ticket, margin=0)
    ]
    return min(waits, default=None)


def meets_mood(rule: Rule, ticket: Situation, margin: int = 0) -> bool:
    """Whether the customer feels as the rule asks: what can be told from the conversation alone."""
    if rule.not_first and ticket.scores < 2:
        return False
    return (
        (rule.trend is None or ticket.trend is rule.trend)
        and (rule.labels is None or ticket.label in rule.labels)
        and _below(ticket.current_avg, rule.average_below, margin)
        and _below(ticket.latest, rule.latest_below, margin)
    )


def _meets(rule: Rule, ticket: Situation, margin: int) -> bool:
    return (
        meets_mood(rule, ticket, margin)
        and (rule.tags is None or not ticket.tags.isdisjoint(rule.tags))
        and (rule.priorities is None or ticket.priority in rule.priorities)
        and (rule.contacts is None or ticket.contacts.get(rule.within_days or 0, 0) >= rule.contacts)
    )


def _is_silent(rule: Rule, ticket: Situation) -> bool:
    return rule.silent_hours is None or ticket.silent_hours >= rule.silent_hours


def _below(value: Score | None, cut: Score | None, margin: int) -> bool:
    return cut is None or (value is not None and value < cut + margin)


def to_json(rules: Sequence[Rule]) -> str:
    """The rules as they are stored and shown; scores as numbers of -1 to 1."""
    return json.dumps(shown(rules), separators=(",", ":"))


def shown(rules: Sequence[Rule]) -> list[dict[str, object]]:
    """The rules as JSON shows them, without the conditions that they do not ask."""
    return [_shown(rule) for rule in rules]


def _shown(rule: Rule) -> dict[str, object]:
    values = {key: value for key, value in dataclasses.asdict(rule).items() if value not in (None, False)}
    for key in ("average_below", "latest_below"):
        if key in values:
            values[key] /= 100
    return values


def from_json(text: str) -> tuple[Rule, ...]:
    """The rules of a JSON list as `to_json` writes it. Raises Invalid, naming what is wrong."""
    try:
        stored = json.loads(text)
    except ValueError:
        raise Invalid("rules", "give a JSON list") from None
    if not isinstance(stored, list) or len(stored) > MOST_RULES:
        raise Invalid("rules", f"give a JSON list of at most {MOST_RULES} rules")
    rules = tuple(_rule(one, f"rules[{index}]") for index, one in enumerate(stored))
    if len({rule.name for rule in rules}) != len(rules):
        raise Invalid("rules", "give each rule a name of its own")
    return rules


def _rule(value: object, where: str) -> Rule:
    if not isinstance(value, Mapping):
        raise Invalid(where, "a rule is an object")
    known = {field.name for field in dataclasses.fields(Rule)}
    if unknown := sorted(set(value) - known):
        raise Invalid(f"{where}.{unknown[0]}", "there is no such condition; there are " + ", ".join(sorted(known)))
    name = value.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 60 or not name.isidentifier():
        raise Invalid(f"{where}.name", "give a name of letters, digits and _")
    rule = Rule(
        name,
        trend=_trend(value.get("trend"), f"{where}.trend"),
        average_below=_cut(value.get("average_below"), f"{where}.average_below"),
        latest_below=_cut(value.get("latest_below"), f"{where}.latest_below"),
        labels=_texts(value.get("labels"), f"{where}.labels"),
        not_first=_switch(value.get("not_first", False), f"{where}.not_first"),
        tags=_texts(value.get("tags"), f"{where}.tags"),
        priorities=_texts(value.get("priorities"), f"{where}.priorities"),
        contacts=_whole(value.get("contacts"), f"{where}.contacts", 2, 50),
        within_days=_whole(value.get("within_days"), f"{where}.within_days", 1, 90),
        silent_hours=_whole(value.get("silent_hours"), f"{where}.silent_hours", 1, 24 * 30),
        actions=_texts(value.get("actions"), f"{where}.actions"),
    )
    if rule.actions is not None and not set(rule.actions) <= set(ACTIONS):
        raise Invalid(f"{where}.actions", "use some of " + ", ".join(ACTIONS))
    if (rule.contacts is None) != (rule.within_days is None):
        raise Invalid(where, "contacts and within_days go together")
    if not rule.asks_mood and (rule.silent_hours is not None or rule.contacts is None):
        raise Invalid(
            where,
            "say how the customer feels (trend, average_below, latest_below or labels): else too many tickets fit",
        )
    return rule


def _texts(value: object, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not 1 <= len(value) <= 50 or not all(_is_short(one) for one in value):
        raise Invalid(where, "give a list of up to 50 short texts")
    return tuple(value)


def _is_short(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 200


def _whole(value: object, where: str, low: int, high: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise Invalid(where, f"give a whole number from {low} to {high}")
    return value


def _trend(value: object, where: str) -> Trend | None:
    if value is None:
        return None
    try:
        return Trend(str(value))
    except ValueError:
        raise Invalid(where, "say " + ", ".join(Trend)) from None


def _cut(value: object, where: str) -> Score | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise Invalid(where, "give a number from -1 to 1")
    return Score(round(value * 100))


def _switch(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise Invalid(where, "say true or false")
    return value

"""What people are told of a fact, before it takes the form of one channel. Plain text, with no markup of any kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.channels.fact import Fact
from bridge.model import Score
from bridge.store.events import EventType

REMINDER = "Read the message before you act: the label is a machine's guess."

MARKS = "▁▂▃▄▅▆▇█"
"""From the worst score to the best."""

RULES = {
    "sentiment_declining": "the conversation gets worse",
    "very_negative_message": "the last message is very negative",
}
"""The rules that every workspace begins with, in words; others are called as their workspace named them."""

LONGEST_TITLE = 140
LONGEST_VALUE = 300
MOST_TICKETS = 20


@dataclass(frozen=True, slots=True)
class Words:
    """A title, named values, pieces of the customer's message, and links (text and address)."""

    title: str
    values: tuple[tuple[str, str], ...]
    quotes: tuple[str, ...] = field(repr=False)
    links: tuple[tuple[str, str], ...] = field(repr=False)
    reminder: str | None


def words(fact: Fact) -> Words:
    """What to tell of the fact."""
    data = fact.data
    values = [("Workspace", fact.workspace)]
    if fact.connection is not None:
        values.append(("Connection", fact.connection))
    after = data.get("after")
    if isinstance(after, Mapping):
        values.append(("Label", _change(_text(data.get("before"), "label"), _text(after, "label"))))
        values.append(("Score", _number(after.get("score"))))
    trend = _text(data.get("trend"), "trend")
    if trend or fact.scores:
        values.append(("Trend", " ".join(part for part in (trend, marks(fact.scores)) if part)))
    if reason := _text(data, "reason"):
        values.append(("Why", RULES.get(reason, reason)))
    if summary := _text(data, "summary"):
        values.append(("What happened", summary))
    values += _tickets(data.get("tickets"))
    links = [("Open the ticket", fact.ticket_url), ("See its history", fact.page_url)]
    return Words(
        _cut(_title(fact), LONGEST_TITLE),
        tuple((name, _cut(value, LONGEST_VALUE)) for name, value in values),
        fact.indicators,
        tuple((text, url) for text, url in links if url is not None),
        REMINDER if fact.type.of_ticket or fact.type is EventType.DIGEST else None,
    )


def marks(scores: Sequence[Score]) -> str:
    """A line with one mark for each score."""
    return "".join(MARKS[min(len(MARKS) - 1, (score + 100) * len(MARKS) // 201)] for score in scores)


def _title(fact: Fact) -> str:
    ticket = fact.ticket_id or ""
    match fact.type:
        case EventType.ESCALATED:
            return f"Ticket {ticket} needs a person"
        case EventType.RECOVERED:
            return f"Ticket {ticket} has recovered"
        case EventType.SENTIMENT_CHANGED:
            return f"Ticket {ticket} has another label"
        case EventType.MOOD_SHIFTED:
            return f"The mood in {fact.workspace} has shifted"
        case EventType.BUDGET_REACHED:
            return f"The AI budget of {fact.workspace}"
        case EventType.CONNECTION_FAILING:
            if fact.connection is None:
                return f"The AI provider of {fact.workspace} is stopped"
            return f"The helpdesk connection {fact.connection} is failing"
        case EventType.DIGEST:
            return f"More tickets of {fact.workspace} need a look"
        case EventType.TEST:
            return "A test from Moodbridge"


def _tickets(value: object) -> list[tuple[str, str]]:
    """The tickets of a digest, the worst first as they come."""
    if not isinstance(value, list):
        return []
    shown = [one for one in value if isinstance(one, Mapping)]
    lines = [
        (
            f"Ticket {_text(one, 'ticket_id')}",
            ", ".join(part for part in (_text(one, "label"), _number(one.get("score")), _text(one, "trend")) if part),
        )
        for one in shown[:MOST_TICKETS]
    ]
    if len(shown) > MOST_TICKETS:
        lines.append(("And", f"{len(shown) - MOST_TICKETS} more"))
    return lines


def _change(before: str, after: str) -> str:
    return f"{after} (was {before})" if before and before != after else after


def _text(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def _number(value: object) -> str:
    return f"{value:+.2f}" if isinstance(value, int | float) else "none"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

"""A ticket's sentiment as Zendesk keeps it: two drop-downs and a decimal."""

import decimal

from bridge.connector import Access
from bridge.model import Score, Sentiment, Trend
from connectors.zendesk.desk import Change, Ticket
from connectors.zendesk.names import label_in, label_option, trend_option
from connectors.zendesk.record import Record


def change_to(access: Access, record: Record, sentiment: Sentiment, stamp: str | None) -> Change:
    """The update that shows a sentiment: our three fields and nothing else.

    A drop-down's value is its tag, so Zendesk swaps the tags itself and an agent's tags are never read nor written.
    `stamp`: the ticket must still be as it was then, else Zendesk answers 409 ("Protecting against ticket update
    collisions").
    """
    score = None if sentiment.score is None else f"{sentiment.score / 100:.2f}"
    change: Change = {
        "custom_fields": [
            {"id": record.label_field, "value": label_option(access, sentiment.label)},
            {"id": record.score_field, "value": score},
            {"id": record.trend_field, "value": trend_option(access, sentiment.trend)},
        ]
    }
    return change if stamp is None else {**change, "safe_update": True, "updated_stamp": stamp}


def nothing(record: Record, stamp: str) -> Change:
    """The update that empties our three fields, if the ticket is still as it was at `stamp`."""
    fields = (record.label_field, record.score_field, record.trend_field)
    return {
        "custom_fields": [{"id": field, "value": None} for field in fields],
        "safe_update": True,
        "updated_stamp": stamp,
    }


def sentiment_of(access: Access, record: Record, ticket: Ticket) -> Sentiment | None:
    """What a ticket shows; None when it shows no label of ours."""
    label = label_in(access, ticket.values.get(record.label_field) or "")
    if label is None:
        return None
    shown = ticket.values.get(record.trend_field)
    trend = next((trend for trend in Trend if trend_option(access, trend) == shown), Trend.STABLE)
    return Sentiment(label, _score(ticket.values.get(record.score_field)), trend)


def _score(text: str | None) -> Score | None:
    try:
        hundredths = decimal.Decimal(text or "") * 100
    except decimal.InvalidOperation:
        return None
    if not hundredths.is_finite() or abs(hundredths) > 100:
        return None
    return Score(int(hundredths.to_integral_value(decimal.ROUND_HALF_EVEN)))

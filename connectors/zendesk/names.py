"""The names of our things in a Zendesk account. All begin with the connection's prefix, so that a clash can be left."""

from bridge.connector import Access
from bridge.model import Score, Trend

NEGATIVE_BELOW = Score(-20)
URGENT_BELOW = Score(-70)


def labels_of(access: Access) -> tuple[str, ...]:
    """Every label a ticket may show, `unknown` last."""
    return (*(label for label, _ in access.scale), "unknown")


def labels_below(access: Access, edge: Score) -> tuple[str, ...]:
    """The labels whose scores all lie under the edge: their meaning, whatever the workspace calls them."""
    uppers = [Score(101), *(lower for _, lower in access.scale)]
    return tuple(label for (label, _), upper in zip(access.scale, uppers, strict=False) if upper <= edge)


def label_option(access: Access, label: str) -> str:
    """The option of the label drop-down, which is also the ticket's tag: `sentiment_negative`."""
    return f"{access.prefix}_{label}"


def trend_option(access: Access, trend: Trend) -> str:
    """The option of the trend drop-down, and the tag: `sentiment_trend_declining`."""
    return f"{access.prefix}_trend_{trend}"


def label_options(access: Access) -> dict[str, str]:
    """Option value to the name agents read: `sentiment_very_negative` is "Very negative"."""
    return {label_option(access, label): label.replace("_", " ").capitalize() for label in labels_of(access)}


def trend_options(access: Access) -> dict[str, str]:
    """Option value to the name agents read."""
    return {trend_option(access, trend): trend.capitalize() for trend in Trend}


def label_in(access: Access, value: str) -> str | None:
    """The label that an option or tag of ours stands for; None for everybody else's."""
    start = f"{access.prefix}_"
    label = value.removeprefix(start)
    return label if value.startswith(start) and label in labels_of(access) else None


def title(access: Access, rest: str = "") -> str:
    """A title in the account: `Sentiment`, `Sentiment score`."""
    return f"{access.prefix.capitalize()} {rest}".strip()

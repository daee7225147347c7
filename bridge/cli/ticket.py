"""`moodbridge ticket`: one conversation with its history."""

import dataclasses

import click

from bridge import tickets
from bridge.cli.output import answer, as_json, moment, opened, table
from bridge.model import Score
from bridge.scale import shown
from bridge.tickets import Point, TicketMessage, WholeTicket


@click.command()
@click.argument("slug")
@click.argument("connection")
@click.argument("ticket_id")
@as_json
def ticket(slug: str, connection: str, ticket_id: str, as_json: bool) -> None:
    """Show where a conversation stands, and how it came there."""
    with opened() as runtime:
        found = tickets.one(runtime, slug, connection, ticket_id)
    answer(_value(found), as_json, lambda: _words(found))


def _value(found: WholeTicket) -> dict[str, object]:
    one = found.ticket
    return {
        "connection": one.connection,
        "ticket_id": one.ticket_id,
        "label": one.label,
        "score": shown(one.score),
        "trend": str(one.trend),
        "direction": shown(one.direction),
        "current_avg": shown(one.current_avg),
        "first_score": shown(one.first_score),
        "lowest_score": shown(one.lowest_score),
        "slope_per_day": shown(one.slope),
        "escalated_by": one.escalated_by,
        "messages_scored": one.messages_scored,
        "messages_unknown": one.messages_unknown,
        "history": [_point(point) for point in found.history],
        "corrections": [_correction(message) for message in found.messages if message.corrected_by is not None],
    }


def _point(one: Point) -> dict[str, object]:
    return {
        **dataclasses.asdict(one),
        "written_at": moment(one.written_at),
        "score": shown(one.score),
        "trend": str(one.trend),
        "direction": one.direction / 100,
        "current_avg": shown(one.current_avg),
    }


def _correction(one: TicketMessage) -> dict[str, object]:
    return {
        "message_id": one.message_id,
        "label": one.label,
        "corrected_by": one.corrected_by,
        "corrected_at": moment(one.corrected_at),
    }


def _words(found: WholeTicket) -> str:
    one = found.ticket
    rows = [
        ("Now", f"{one.label} {_score(one.score)}"),
        ("Trend", f"{one.trend} {_score(one.direction)}, now {_score(one.current_avg)} on average"),
        ("First", _score(one.first_score)),
        ("Lowest", _score(one.lowest_score)),
        ("Change a day", _score(one.slope)),
        ("Messages", f"{one.messages_scored}, {one.messages_unknown} of them unknown"),
        ("Escalated", one.escalated_by or "no"),
    ]
    corrected = {message.message_id: message for message in found.messages if message.corrected_by is not None}
    history = [
        (
            moment(point.written_at) or "",
            point.message_id,
            point.label,
            _score(point.score),
            _score(point.current_avg),
            str(point.trend),
            _corrected(corrected.get(point.message_id)),
        )
        for point in found.history
    ]
    headings = ("WRITTEN", "MESSAGE", "LABEL", "SCORE", "AVERAGE", "TREND", "CORRECTED")
    return table(rows, (f"TICKET {one.ticket_id}", "")) + "\n\n" + table(history, headings)


def _corrected(one: TicketMessage | None) -> str:
    return "" if one is None else f"by {one.corrected_by}, {moment(one.corrected_at)}"


def _score(value: Score | None) -> str:
    return "-" if value is None else f"{value / 100:+.2f}"

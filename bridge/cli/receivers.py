"""What `webhook` and `alert` share: an address that may be a secret, a time, and the answer to a test."""

import sys
from datetime import UTC, datetime

import click

from bridge.channels.outcome import Outcome
from bridge.cli.output import answer
from bridge.errors import Invalid


def secret_line(name: str, given: str | None = None) -> str:
    """What was given, unless it is left out or `-`: then a hidden prompt, or the first line of stdin."""
    if given not in (None, "-"):
        return str(given)
    if sys.stdin.isatty():
        prompted: str = click.prompt(name, hide_input=True, err=True)
        return prompted.strip()
    return sys.stdin.readline().strip()


def time_given(name: str, text: str) -> float:
    """A time as Unix seconds; without an offset it is UTC. Raises Invalid."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Invalid(name, "give a time such as 2026-11-22T10:00:00Z") from None


def tell(outcome: Outcome, as_json: bool) -> None:
    """Prints what a test became; exit code 1 when it was not taken."""
    value = {"ok": outcome.taken, "status": outcome.status, "error": outcome.error, "answer": outcome.answer}
    words = "It was taken." if outcome.taken else f"It was not taken: {outcome.error}"
    if outcome.answer:
        words += f"\nThe answer: {outcome.answer}"
    answer(value, as_json, lambda: words)
    if not outcome.taken:
        sys.exit(1)

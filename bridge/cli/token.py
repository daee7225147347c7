"""`moodbridge token`: API tokens of a workspace."""

import click

from bridge import tokens
from bridge.cli.output import answer, as_json, moment, opened, table


@click.group()
def token() -> None:
    """API tokens."""


@token.command()
@click.argument("slug")
@click.option("--role", type=click.Choice(["agent", "admin", "owner"]), required=True, help="What it may do.")
@as_json
def add(slug: str, role: str, as_json: bool) -> None:
    """Make a token; it is shown this once."""
    with opened() as runtime:
        made = tokens.add(runtime, slug, role)
    value = {"token": made.token.reveal(), "id": made.id, "role": role}
    answer(value, as_json, lambda: f"{made.token.reveal()}\nKeep it now: it is not shown again.")


@token.command(name="list")
@click.argument("slug")
@as_json
def list_all(slug: str, as_json: bool) -> None:
    """List a workspace's tokens by their last characters."""
    with opened() as runtime:
        found = tokens.listed(runtime, slug)
    value = [
        {
            "id": one.id,
            "role": one.role,
            "hint": one.hint,
            "created_at": moment(one.created_at),
            "last_used_at": moment(one.last_used_at),
            "revoked_at": moment(one.revoked_at),
        }
        for one in found
    ]
    rows = [(one.id, one.role, one.hint, moment(one.last_used_at) or "never") for one in found]
    answer(value, as_json, lambda: table(rows, ("ID", "ROLE", "ENDS WITH", "LAST USED")))


@token.command()
@click.argument("slug")
@click.argument("token_id")
@as_json
def revoke(slug: str, token_id: str, as_json: bool) -> None:
    """Revoke a token by its id."""
    with opened() as runtime:
        tokens.revoke(runtime, slug, token_id)
    answer({"revoked": token_id}, as_json, lambda: f"Token {token_id} no longer works.")

"""`moodbridge user`: people who sign in to the pages."""

import sys

import click

from bridge.cli.output import answer, as_json, opened
from bridge.vault import Secret

ROLES = ("agent", "admin", "owner")


@click.group()
def user() -> None:
    """People of a workspace."""


@user.command("add")
@click.argument("email")
@click.option("--workspace", "slug", required=True, help="The workspace's short name.")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True, help="What they may do.")
@click.option("--password-stdin", is_flag=True, help="Read the password from stdin; without it a link is made.")
@as_json
def add(email: str, slug: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Let a person sign in. Prints a one-time link by which they choose their password."""
    from bridge import people

    with opened() as runtime:
        if password_stdin:
            people.add(runtime, slug, email, role, Secret(sys.stdin.readline().rstrip("\r\n")))
            answer({"email": email, "role": role, "link": None}, as_json, lambda: f"{email} can sign in now.")
            return
        link = people.invite(runtime, slug, email, role)
    answer(
        {"email": email, "role": role, "link": link.url},
        as_json,
        lambda: f"Hand this link to {email}; it works once:\n{link.url}",
    )

"""Freshdesk: tickets labelled by custom fields, told by automation rules and a poll. Not tried on a real account."""

from bridge.connector import Capabilities, Connector, Option, Proof, Tags
from connectors.freshdesk.install import install, uninstall
from connectors.freshdesk.reading import read
from connectors.freshdesk.webhook import parse, verify
from connectors.freshdesk.writing import look, ticket_url, write

CONNECTOR = Connector(
    kind="freshdesk",
    capabilities=Capabilities(
        events=True,
        readable=True,
        writes=True,
        poll_every=120.0,
        hook_limit=262_144,
        proof=Proof.SECRET,
        html=True,
        tags=Tags.REPLACED,
        fields=True,
        backlog=True,
    ),
    options=(
        Option("domain", "the account: acme for acme.freshdesk.com", lower=True),
        Option("api-key", "the API key of an administrator", secret=True),
        Option("tags", "yes: tags too; Freshdesk replaces a ticket's whole tag list", required=False, identifies=False),
        Option(
            "creation-rule",
            "yes: a rule for new tickets; it can stop the account's own creation rules",
            required=False,
            identifies=False,
        ),
        Option("base-url", "the address of a stand-in of Freshdesk, for tests", required=False),
    ),
    verify=verify,
    parse=parse,
    install=install,
    uninstall=uninstall,
    read=read,
    write=write,
    look=look,
    ticket_url=ticket_url,
)

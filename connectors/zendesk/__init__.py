"""The `zendesk` connector: Zendesk Support by webhooks, a poll beside them, and two drop-downs and a number in it."""

from bridge.connector import Capabilities, Connector, Option, Tags
from connectors.zendesk.auth import base_of
from connectors.zendesk.clear import clear
from connectors.zendesk.client import BULK, look, read, write
from connectors.zendesk.escalation import mark
from connectors.zendesk.install import install, uninstall
from connectors.zendesk.poll import WITH_WEBHOOK, every
from connectors.zendesk.webhook import parse, verify

CONNECTOR = Connector(
    kind="zendesk",
    capabilities=Capabilities(
        events=True,
        readable=True,
        writes=True,
        bulk_size=BULK,
        corrections=True,
        hook_limit=5_000_000,
        poll_every=WITH_WEBHOOK,
        tags=Tags.ADDED,
        fields=True,
        views=True,
        closes=True,
        backlog=True,
    ),
    options=(
        Option("subdomain", "the first part of your Zendesk address: `acme` of acme.zendesk.com", lower=True),
        Option(
            "client-id",
            "the identifier of a confidential OAuth client (Admin Center, Apps and integrations)",
            identifies=False,
        ),
        Option("client-secret", "the client's secret", secret=True),
        Option(
            "forms",
            "ticket forms that get the fields: all (default), none, or ids with commas",
            required=False,
            identifies=False,
        ),
        Option("base-url", "a stand-in for Zendesk on plain http, for tests", required=False),
    ),
    verify=verify,
    parse=parse,
    install=install,
    uninstall=uninstall,
    read=read,
    write=write,
    look=look,
    clear=clear,
    mark=mark,
    ticket_url=lambda access, ticket_id: f"{base_of(access)}/agent/tickets/{ticket_id}",
    poll_every=every,
)

"""The sandbox helpdesk's connector: a ticket desk on this machine to try, show and test Moodbridge with."""

from bridge.connector import Capabilities, Connector, Option
from connectors.sandbox.client import clear, look, read, write
from connectors.sandbox.escalation import mark
from connectors.sandbox.install import install, uninstall
from connectors.sandbox.webhook import parse, verify

CONNECTOR = Connector(
    kind="sandbox",
    capabilities=Capabilities(
        events=True,
        readable=True,
        writes=True,
        bulk_size=100,
        corrections=True,
        hook_limit=1_000_000,
        poll_every=60,
        fields=True,
        closes=True,
        backlog=True,
    ),
    options=(
        Option("url", "address of the desk, such as http://127.0.0.1:8091"),
        Option("token", "token of the desk's API, the one that the desk was started with", secret=True),
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
    ticket_url=lambda access, ticket_id: f"{access.options['url'].rstrip('/')}/tickets/{ticket_id}",
)

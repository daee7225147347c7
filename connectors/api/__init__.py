"""The `api` connector: any program posts messages by Standard Webhooks and reads the labels from the API."""

from bridge.connector import Access, Capabilities, Connector, Installed
from connectors.api.webhook import parse, verify


def install(access: Access, dry_run: bool) -> Installed:
    """Nothing is set up elsewhere: the sender needs the hook URL and the secret."""
    would = "would take" if dry_run else "takes"
    return Installed((f"Moodbridge {would} messages at {access.hook_url}, signed with the secret.",))


def uninstall(_access: Access) -> tuple[str, ...]:
    """Nothing was set up elsewhere."""
    return ()


CONNECTOR = Connector(
    kind="api",
    capabilities=Capabilities(events=True, readable=False, writes=False, hook_limit=1_000_000, html=True),
    options=(),
    verify=verify,
    parse=parse,
    install=install,
    uninstall=uninstall,
)

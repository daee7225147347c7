"""Scoring anew what the embedded scorer scored while the workspace's provider was away."""

import time
from dataclasses import dataclass
from functools import partial

from bridge import providers
from bridge.errors import Invalid
from bridge.runtime import Runtime
from bridge.scoring.caveats import OFFLINE_FALLBACK
from bridge.store import workspaces
from bridge.store.rescoring import Batch, want_again


@dataclass(frozen=True, slots=True)
class Rescore:
    """What is read again, so that it can be scored anew. Labels change as the texts arrive."""

    messages: int
    tickets: int
    no_source: int
    """Messages of helpdesks that cannot be read again: they keep their score."""


def rescore(runtime: Runtime, slug: str, since: float = 0.0) -> Rescore:
    """Asks for the messages written since then that were scored offline instead of by the provider.

    Raises Invalid when they would be scored offline again, and NotFound.
    """
    with runtime.database.read() as connection:
        workspace = workspaces.by_slug(connection, slug)
    if not workspace.settings.enabled:
        raise Invalid("workspace", f"{slug} is off: nothing would be scored")
    shown = providers.shown(runtime, slug)
    if shown.provider == providers.OFFLINE or shown.state != "ok":
        raise Invalid("provider", shown.problem or "none is set: `moodbridge provider set` first")
    readable = {kind for kind, one in runtime.connectors.items() if one.read is not None}
    messages = no_source = after = 0
    tickets: set[tuple[str, str]] = set()
    while True:
        step = partial(
            want_again,
            workspace_id=workspace.id,
            readable=readable,
            caveat=OFFLINE_FALLBACK,
            since=since,
            after=after,
            now=time.time(),
        )
        batch: Batch = runtime.database.write(step)
        if batch.last is None:
            break
        after = batch.last
        messages += batch.messages
        no_source += batch.no_source
        tickets |= batch.tickets
    runtime.waker.soon(("read",))
    return Rescore(messages, len(tickets), no_source)

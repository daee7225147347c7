"""A helpdesk of the tests, and a workspace with it installed: what most tests of the product need.

The fake connector takes the `api` connector's body, signed by Standard Webhooks, in few words.
"""

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from bridge import connections, signing, workspaces
from bridge.connector import (
    Access,
    BadSignature,
    Capabilities,
    Connector,
    HookRequest,
    Installed,
    LabelChange,
    Received,
    Target,
    TargetKind,
    Unreadable,
)
from bridge.model import Author, Message, Score, ScorerName, Verdict
from bridge.receive import Receiver
from bridge.runtime import Runtime
from bridge.store.scores import ScoredRow, pending_messages, settle_scores
from bridge.store.tables import messages

HOOK_LIMIT = 100_000
SCORER = ScorerName("test", "none", "1")

_numbers = itertools.count(1)


def _verify(request: HookRequest, access: Access) -> None:
    try:
        signing.verify(access.secrets, request.headers, request.body, request.now)
    except signing.WrongSignature as error:
        raise BadSignature(str(error)) from error


def _parse(request: HookRequest, _access: Access) -> Received:
    if request.headers.get("content-type") != "application/json":
        raise Unreadable("content-type", "send application/json", status=415)
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise Unreadable("body", "this is not JSON") from error
    return Received(
        messages=tuple(Message(**{**item, "author": Author(item["author"])}) for item in body.get("messages", [])),
        targets=tuple(Target(TargetKind(kind), name) for kind, name in body.get("targets", [])),
        label_changes=tuple(LabelChange(**item) for item in body.get("label_changes", [])),
        ignored=body.get("ignored", 0),
    )


def _install(access: Access, dry_run: bool) -> Installed:
    return Installed(("would be installed" if dry_run else "installed",))


FAKE = Connector(
    kind="fake",
    capabilities=Capabilities(events=True, readable=False, writes=False, hook_limit=HOOK_LIMIT),
    options=(),
    verify=_verify,
    parse=_parse,
    install=_install,
    uninstall=lambda _access: (),
)

WRITABLE = replace(FAKE, kind="writable", capabilities=replace(FAKE.capabilities, writes=True))
"""The same, of a kind that takes labels."""


def message(ticket_id: str = "T-1", message_id: str | None = None, **values: Any) -> dict[str, Any]:
    """A customer message as the fake helpdesk sends it; its id is new unless given."""
    given = {
        "ticket_id": ticket_id,
        "message_id": message_id or f"m-{next(_numbers)}",
        "author": "customer",
        "author_id": "c-1",
        "text": "This is broken",
        "written_at": time.time(),
    }
    return given | values


@dataclass(frozen=True)
class Home:
    """A workspace with one connection to the fake helpdesk."""

    slug: str
    workspace_id: int
    connection: str
    hook: str = field(repr=False)
    """The last part of the hook's path."""
    secret: str = field(repr=False)

    def signed(self, body: bytes, webhook_id: str | None = None, at: float | None = None) -> dict[str, str]:
        """The headers of a webhook with this body."""
        stamp = int(time.time() if at is None else at)
        identity = webhook_id or f"msg_{next(_numbers)}"
        return {"content-type": "application/json", **signing.headers(self.secret, identity, stamp, body)}

    def event(self, messages: Sequence[dict[str, Any]] = (), **more: Any) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a webhook with these messages."""
        body = json.dumps({"messages": list(messages), **more}).encode()
        return body, self.signed(body)


def home(runtime: Runtime, slug: str | None = None, kind: str = "fake", **settings: str) -> Home:
    """A new workspace with these settings and one connection."""
    made = workspaces.add(runtime, slug or f"team-{next(_numbers)}", None)
    if settings:
        workspaces.set(runtime, made.slug, settings)
    connected = connections.connect(runtime, made.slug, kind, {})
    assert connected.secret is not None
    hook = connected.hook_url.rpartition("/")[2]
    return Home(made.slug, made.id, connected.connection, hook, connected.secret)


def scored(runtime: Runtime, home: Home, ticket_id: str, *scores: int | None, at: float | None = None) -> list[str]:
    """New customer messages of a ticket, one a second from `at` (now), settled with these scores; their ids.

    Messages that wait already stay pending.
    """
    begin = time.time() if at is None else at
    ids = [f"m-{next(_numbers)}" for _ in scores]
    given = dict(zip(ids, scores, strict=True))
    items = [message(ticket_id, one, written_at=begin + step) for step, one in enumerate(ids)]
    receiver = Receiver(runtime)
    body, headers = home.event(items)
    receiver.receive(home.hook, body, headers)

    def settle(connection: sa.Connection) -> None:
        c = messages.c
        mine = sa.select(c.id).where(c.connection_id == home.connection, c.message_id.in_(ids))
        pending = pending_messages(connection, list(connection.execute(mine).scalars()))
        rows = []
        for one in pending:
            score = given[one.message_id]
            known = None if score is None else Score(score)
            told = Verdict(known, None if score is None else 0.9, ("broken",), ("short",), SCORER)
            indicators = runtime.vault.encrypt(json.dumps(told.indicators))
            rows.append(ScoredRow(one, told, indicators))
        settle_scores(connection, rows, time.time(), lambda kind: runtime.connectors[kind].capabilities.writes)

    runtime.database.write(settle)
    return ids

"""The rows of people, of where they belong, of their sessions and of one-time links."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from bridge.store.people_tables import links, members, people, sessions
from bridge.store.tables import workspaces


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person. `factor` is encrypted."""

    id: int
    email: str
    password_hash: str = field(repr=False)
    factor: str | None = field(repr=False)
    factor_step: int = 0


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person of a workspace. `seen_at`: of the newest session."""

    person_id: int
    email: str
    role: str
    created_at: float
    second_factor: bool
    seen_at: float | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    hash: str = field(repr=False)
    person_id: int
    agent: str
    created_at: float
    seen_at: float


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A one-time link by its hash."""

    hash: str = field(repr=False)
    kind: str
    email: str | None
    workspace_id: int | None
    role: str | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class Membership:
    """A workspace of a person, and what may be done there."""

    workspace_id: int
    slug: str
    name: str
    role: str


def anybody(connection: sa.Connection) -> bool:
    """Whether there is any person."""
    return connection.execute(sa.select(people.c.id).limit(1)).first() is not None


def by_email(connection: sa.Connection, email: str) -> PersonRow | None:
    """The person of this address, in small letters."""
    return _person(connection, people.c.email == email)


def by_id(connection: sa.Connection, person_id: int) -> PersonRow | None:
    """The person of this id."""
    return _person(connection, people.c.id == person_id)


def _person(connection: sa.Connection, which: sa.ColumnElement[bool]) -> PersonRow | None:
    p = people.c
    row = connection.execute(sa.select(p.id, p.email, p.password_hash, p.factor, p.factor_step).where(which)).first()
    return None if row is None else PersonRow(*row)


def insert(connection: sa.Connection, email: str, password_hash: str, now: float) -> int:
    """The id of a new person."""
    connection.execute(
        sa.insert(people).values(email=email, password_hash=password_hash, factor_step=0, created_at=now)
    )
    found: int = connection.execute(sa.select(people.c.id).where(people.c.email == email)).scalar_one()
    return found


def change(connection: sa.Connection, person_id: int, **values: str | int | None) -> None:
    """Other values of a person's columns."""
    connection.execute(sa.update(people).where(people.c.id == person_id).values(**values))


def take_step(connection: sa.Connection, person_id: int, step: int) -> bool:
    """Whether no code of this step of time or a later one was taken before."""
    fresh = sa.and_(people.c.id == person_id, people.c.factor_step < step)
    return connection.execute(sa.update(people).where(fresh).values(factor_step=step)).rowcount == 1


def put_member(connection: sa.Connection, workspace_id: int, person_id: int, role: str, now: float) -> None:
    """The person belongs to the workspace, with this role."""
    mine = sa.and_(members.c.workspace_id == workspace_id, members.c.person_id == person_id)
    if connection.execute(sa.update(members).where(mine).values(role=role)).rowcount == 0:
        connection.execute(
            sa.insert(members).values(workspace_id=workspace_id, person_id=person_id, role=role, created_at=now)
        )


def remove_member(connection: sa.Connection, workspace_id: int, person_id: int) -> None:
    """The person belongs to the workspace no more."""
    m = members.c
    connection.execute(sa.delete(members).where(m.workspace_id == workspace_id, m.person_id == person_id))


def members_of(connection: sa.Connection, workspace_id: int) -> Sequence[MemberRow]:
    """The people of a workspace by e-mail."""
    seen = sa.select(sa.func.max(sessions.c.seen_at)).where(sessions.c.person_id == people.c.id).scalar_subquery()
    m, p = members.c, people.c
    query = sa.select(p.id, p.email, m.role, m.created_at, p.factor.is_not(None), seen)
    query = query.join(people, p.id == m.person_id).where(m.workspace_id == workspace_id).order_by(p.email)
    return [MemberRow(row[0], row[1], row[2], row[3], bool(row[4]), row[5]) for row in connection.execute(query)]


def memberships(connection: sa.Connection, person_id: int) -> Sequence[Membership]:
    """The workspaces of a person by slug."""
    w, m = workspaces.c, members.c
    query = sa.select(w.id, w.slug, w.name, m.role).select_from(workspaces)
    query = query.join(members, m.workspace_id == w.id).where(m.person_id == person_id).order_by(w.slug)
    return [Membership(*row) for row in connection.execute(query)]


def insert_session(connection: sa.Connection, session_hash: str, person_id: int, agent: str, now: float) -> None:
    """A new session by the hash of its token."""
    values = {"hash": session_hash, "person_id": person_id, "agent": agent, "created_at": now, "seen_at": now}
    connection.execute(sa.insert(sessions).values(**values))


def session(connection: sa.Connection, session_hash: str) -> SessionRow | None:
    """The session of this hash."""
    s = sessions.c
    query = sa.select(s.hash, s.person_id, s.agent, s.created_at, s.seen_at)
    row = connection.execute(query.where(s.hash == session_hash)).first()
    return None if row is None else SessionRow(*row)


def sessions_of(connection: sa.Connection, person_id: int) -> Sequence[SessionRow]:
    """The newest first."""
    s = sessions.c
    query = sa.select(s.hash, s.person_id, s.agent, s.created_at, s.seen_at).where(s.person_id == person_id)
    return [SessionRow(*row) for row in connection.execute(query.order_by(s.seen_at.desc()))]


def note_seen(connection: sa.Connection, session_hash: str, now: float) -> None:
    """The session was used now."""
    connection.execute(sa.update(sessions).where(sessions.c.hash == session_hash).values(seen_at=now))


def end_sessions(connection: sa.Connection, person_id: int, *, only: str | None = None, but: str | None = None) -> None:
    """Ends a person's sessions: all, `only` one, or all `but` one."""
    query = sa.delete(sessions).where(sessions.c.person_id == person_id)
    if only is not None:
        query = query.where(sessions.c.hash == only)
    if but is not None:
        query = query.where(sessions.c.hash != but)
    connection.execute(query)


def insert_link(connection: sa.Connection, row: LinkRow, now: float) -> None:
    """A new link; those that ran out are forgotten, and so are others of the same kind for the same."""
    k = links.c
    same = sa.and_(k.kind == row.kind, k.email.is_not_distinct_from(row.email))
    same = sa.and_(same, k.workspace_id.is_not_distinct_from(row.workspace_id))
    connection.execute(sa.delete(links).where(sa.or_(k.expires_at < now, same)))
    connection.execute(sa.insert(links).values({name: getattr(row, name) for name in LinkRow.__slots__}))


def link(connection: sa.Connection, link_hash: str, now: float) -> LinkRow | None:
    """The link, unless it was used or ran out."""
    k = links.c
    query = sa.select(k.hash, k.kind, k.email, k.workspace_id, k.role, k.expires_at)
    row = connection.execute(query.where(k.hash == link_hash, k.expires_at >= now)).first()
    return None if row is None else LinkRow(*row)


def invitations(connection: sa.Connection, workspace_id: int, now: float) -> Sequence[LinkRow]:
    """Those of a workspace that nobody took yet."""
    k = links.c
    query = sa.select(k.hash, k.kind, k.email, k.workspace_id, k.role, k.expires_at)
    query = query.where(k.workspace_id == workspace_id, k.kind == "invitation", k.expires_at >= now)
    return [LinkRow(*row) for row in connection.execute(query.order_by(k.email))]


def remove_link(connection: sa.Connection, link_hash: str) -> bool:
    """Whether it was still there."""
    return connection.execute(sa.delete(links).where(links.c.hash == link_hash)).rowcount == 1

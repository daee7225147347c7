"""What providers said of texts, so that the same text is not asked about twice in 30 days.

The key is the text's hash, keyed with the workspace's secret: nobody can guess a short text from the table, and no
workspace finds what is another's. `source` names provider, model, address and prompt, so that none answers for another.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa

from bridge.model import Score, ScorerName, Verdict
from bridge.store.rows import rows_parameter, rows_sql
from bridge.store.tables import score_cache

KEPT = 30 * 86_400.0
"""Seconds from the call on."""


class CacheKey(NamedTuple):
    workspace_id: int
    text_hash: str
    source: str


@dataclass(frozen=True, slots=True)
class CachedVerdict:
    """A provider's verdict as it gave it, without indicators: those are encrypted."""

    verdict: Verdict
    indicators: str | None = field(repr=False)


_KEY = {"workspace_id": "int", "text_hash": "text", "source": "text"}
_VALUES = {"score": "int", "confidence": "float", "indicators": "text", "caveats": "text", "scorer": "text"}


def found(connection: sa.Connection, keys: Collection[CacheKey], now: float) -> dict[CacheKey, CachedVerdict]:
    """What is known of these texts."""
    if not keys:
        return {}
    rows = connection.execute(
        sa.text(
            "SELECT c.workspace_id, c.text_hash, c.source, c.score, c.confidence, c.indicators, c.caveats, c.scorer"
            f" FROM {rows_sql(connection, _KEY)} AS given JOIN score_cache c ON c.workspace_id = given.workspace_id"
            " AND c.text_hash = given.text_hash AND c.source = given.source WHERE c.expires_at > :now"
        ),
        {"rows": rows_parameter(list(keys)), "now": now},
    )
    known = {}
    for workspace, text_hash, source, score, confidence, indicators, caveats, scorer in rows:
        said = tuple(json.loads(caveats)) if caveats else ()
        told = Verdict(None if score is None else Score(score), confidence, (), said, ScorerName(*json.loads(scorer)))
        known[CacheKey(workspace, text_hash, source)] = CachedVerdict(told, indicators)
    return known


def fill(connection: sa.Connection, news: dict[CacheKey, CachedVerdict], now: float) -> None:
    """Keeps what providers said, in place of what was known before."""
    if not news:
        return
    columns = _KEY | _VALUES
    names = ", ".join(columns)
    follow = ", ".join(f"{name} = excluded.{name}" for name in _VALUES)
    connection.execute(
        sa.text(
            f"INSERT INTO score_cache ({names}, hits, expires_at) SELECT {names}, 0, :expires"
            f" FROM {rows_sql(connection, columns)} AS given WHERE true ON CONFLICT (workspace_id, text_hash, source)"
            f" DO UPDATE SET {follow}, expires_at = excluded.expires_at"
        ),
        {"rows": rows_parameter([_row(key, news[key]) for key in sorted(news)]), "expires": now + KEPT},
    )


def _row(key: CacheKey, cached: CachedVerdict) -> list[object]:
    told = cached.verdict
    scorer = [told.scorer.provider, told.scorer.model, told.scorer.prompt]
    caveats = json.dumps(told.caveats) if told.caveats else None
    return [*key, told.score, told.confidence, cached.indicators, caveats, json.dumps(scorer)]


def count_hits(connection: sa.Connection, keys: Iterable[CacheKey]) -> None:
    """Counts one hit for each of these keys; one that is named twice has two."""
    hits: dict[CacheKey, int] = {}
    for key in keys:
        hits[key] = hits.get(key, 0) + 1
    if not hits:
        return
    source = rows_sql(connection, _KEY | {"more": "int"})
    connection.execute(
        sa.text(
            f"UPDATE score_cache SET hits = hits + given.more FROM {source} AS given"
            " WHERE score_cache.workspace_id = given.workspace_id AND score_cache.text_hash = given.text_hash"
            " AND score_cache.source = given.source"
        ),
        {"rows": rows_parameter([[*key, hits[key]] for key in sorted(hits)])},
    )


def clear(connection: sa.Connection, workspace_id: int) -> int:
    """Forgets what the workspace's provider said; how many texts."""
    return connection.execute(sa.delete(score_cache).where(score_cache.c.workspace_id == workspace_id)).rowcount


def size(connection: sa.Connection, workspace_id: int) -> tuple[int, int]:
    """How many texts of the workspace are known, and how often they were found."""
    c = score_cache.c
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(c.hits), 0)).where(c.workspace_id == workspace_id)
    row: Sequence[int] = connection.execute(query).one()
    return int(row[0]), int(row[1])


def forget_expired(connection: sa.Connection, now: float, most: int = 5000) -> int:
    """Removes some of what is older than 30 days; how many. Fewer than `most`: nothing is left."""
    c = score_cache.c
    old = sa.select(c.workspace_id, c.text_hash, c.source).where(c.expires_at < now).limit(most)
    gone = sa.delete(score_cache).where(sa.tuple_(c.workspace_id, c.text_hash, c.source).in_(old))
    return connection.execute(gone).rowcount

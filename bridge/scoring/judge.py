"""From claimed messages with the same text to what becomes of each: a score, or the time to ask the provider again."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bridge.http import Http
from bridge.model import Verdict
from bridge.scoring.caveats import OFFLINE_FALLBACK
from bridge.scoring.consult import Told, consult
from bridge.scoring.pace import Pace
from bridge.scoring.scorers import Reading, noted, offline_verdict, reading, trusted
from bridge.scoring.standing import Standing
from bridge.store.scores import PendingMessage, ScoredRow
from bridge.store.usage import Usage
from bridge.vault import Vault
from bridge.workspace_settings import WorkspaceSettings, from_json

OFFLINE_AFTER = 600.0
"""Seconds after which the embedded scorer stands in for a provider that is busy or away: for a live message since it
arrived; for bulk work, which nobody waits for, since the provider fails."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed message, and how its workspace stands with its provider; None: it has none."""

    message: PendingMessage
    standing: Standing | None

    @property
    def row_id(self) -> int:
        return self.message.row_id

    @property
    def bulk(self) -> int:
        return self.message.bulk

    @property
    def attempts(self) -> int:
        return self.message.attempts

    @property
    def text(self) -> tuple[int, object]:
        """The same for messages with the same text in one workspace."""
        return self.message.workspace_id, self.message.text_hash or self.row_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message. Without `scored` it is asked about again at `again_at`, for the reason."""

    scored: ScoredRow | None
    told: Told | None
    """What the provider was asked, for the books; None: nobody asked it."""
    indicators: str | None = field(default=None, repr=False)
    """Encrypted."""
    again_at: float = 0.0


@dataclass(frozen=True)
class Judge:
    """What judging needs of a process."""

    http: Http
    pace: Pace
    vault: Vault

    def outcomes(self, unit: Sequence[Claimed]) -> Iterator[tuple[Claimed, Outcome]]:
        """The outcome of each of these messages, whose text is the same: the first asks, the others take its answer.

        The text is decrypted here and nowhere kept. Raises WrongKey.
        """
        first = unit[0]
        settings = from_json(first.message.settings)
        read = reading(self.vault.decrypt(first.message.text), settings.languages)
        told = None
        if first.standing is not None and not read.nothing:
            waited = time.time() - first.message.received_at
            told = consult(self.http, self.pace, self.vault, first.standing, read.text, waited)
        for one in unit:
            yield one, self._outcome(one, read, told, settings)
            if told is not None:  # what the first was told holds for all, and was paid once
                told = replace(told, known=told.verdict is not None, spent=Usage(), failure=None)

    def _outcome(self, one: Claimed, read: Reading, told: Told | None, settings: WorkspaceSettings) -> Outcome:
        remark = None
        if told is None:
            verdict = offline_verdict(read)
        elif told.verdict is not None:
            verdict = noted(told.verdict, read)
        else:
            until = _patient_until(one)
            if told.again_at is not None and time.time() < until:
                return Outcome(None, told, again_at=min(told.again_at, until))
            verdict, remark = noted(offline_verdict(read), read, OFFLINE_FALLBACK), told.reason
        indicators = self._indicators(one, told, verdict) if settings.indicators else None
        verdict = trusted(verdict, settings.confidence_floor)
        scored = ScoredRow(
            message=one.message,
            verdict=verdict,
            indicators=indicators,
            cached=told is not None and told.known,
            cost=told.spent.cost if told is not None and told.spent.calls and not told.spent.unpriced else None,
            remark=remark,
        )
        return Outcome(scored, told, indicators)

    def _indicators(self, one: Claimed, told: Told | None, verdict: Verdict) -> str | None:
        known = one.standing.known if one.standing is not None else None
        if told is not None and told.known and known is not None:
            return known.indicators
        if not verdict.indicators:
            return None
        return self.vault.encrypt(json.dumps(verdict.indicators, ensure_ascii=False))


def _patient_until(one: Claimed) -> float:
    if not one.bulk:
        return one.message.received_at + OFFLINE_AFTER
    since = one.standing.provider.failing_since if one.standing is not None else None
    return math.inf if since is None else since + OFFLINE_AFTER

"""Scores an export of old tickets and tells what it comes to, without writing anything anywhere."""

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from bridge.alerts import Rule
from bridge.evaluation import Asked, offline_scorer
from bridge.exports import Told
from bridge.model import Score
from bridge.report import Report, Row, Tally
from bridge.scoring.providers.route import Route
from bridge.scoring.scorers import reading, trusted
from bridge.store.usage import Usage
from bridge.workspace_settings import WorkspaceSettings

BATCH = 250
"""Texts that a process is given at once."""
_PROCESSES = 2
_WORTH_IT = 2_000
"""Rows from which on starting processes pays."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of an export."""

    report: Report
    staff: int
    """Messages of staff, which are not scored."""
    failed: int
    """Messages that the provider brought no score for; they count nowhere."""
    spent: Usage


Result = tuple[bool, Score | None, tuple[str, ...], tuple[str, ...], Usage]
"""Whether there is a verdict; then its score, indicators and caveats as the product would show them; and the cost."""


def try_offline(
    told: Iterable[Told], settings: WorkspaceSettings, rules: Sequence[Rule], seen: Callable[[int], None]
) -> Trial:
    """Through the embedded scorer, on two processes where the file and the machine are large enough.

    `seen` is told how many are done.
    """
    work = partial(_judged_offline, settings=settings)
    rows = iter(told)
    first = list(itertools.islice(rows, _WORTH_IT))
    rows = itertools.chain(first, rows)
    if len(first) < _WORTH_IT or (os.cpu_count() or 1) < _PROCESSES:
        return _trial(rows, settings, rules, seen, lambda batches: ((some, work(_texts(some))) for some in batches))
    # Not forked: this process may have threads, which would leave their locks behind.
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
        return _trial(rows, settings, rules, seen, lambda batches: _ahead(pool, work, batches, 2 * _PROCESSES))


def try_provider(
    told: Iterable[Told],
    settings: WorkspaceSettings,
    rules: Sequence[Rule],
    seen: Callable[[int], None],
    asked: Asked,
    at_once: int,
) -> Trial:
    """Through a provider, with so many calls at once. Raises CallFailed when no other text will do either."""
    work = partial(_judged, asked=asked, settings=settings)
    with ThreadPoolExecutor(at_once) as pool:
        return _trial(told, settings, rules, seen, lambda batches: _ahead(pool, work, batches, 2 * at_once), batch=1)


def estimated_cents(told: Iterable[Told], way: Route, at: float) -> tuple[int, float | None]:
    """How many messages a provider would be asked about, and US cents for all; None: its price is not known."""
    from bridge.scoring.providers.prices import cents_per_100, price_at
    from bridge.scoring.providers.profiles import model_of

    count = letters = 0
    for one in told:
        if not one.staff:
            count += 1
            letters += len(one.text)
    known = model_of(way.profile, way.model)
    if known is None or not count:
        return count, None if known is None else 0.0
    tokens = round(letters / count / _LETTERS_A_TOKEN)
    return count, cents_per_100(way.profile, price_at(way.profile, known, at), tokens) * count / 100


_LETTERS_A_TOKEN = 4
"""Of English, by the tokenizers of 2026; other languages take more."""

Batch = Sequence[Told]
Scored = Iterator[tuple[Batch, Sequence[Result]]]


def _trial(
    told: Iterable[Told],
    settings: WorkspaceSettings,
    rules: Sequence[Rule],
    seen: Callable[[int], None],
    through: Callable[[Iterator[Batch]], Scored],
    batch: int = BATCH,
) -> Trial:
    tally = Tally(settings.buckets, rules)
    staff = failed = 0
    spent = Usage()

    def of_customers() -> Iterator[Told]:
        nonlocal staff
        for one in told:
            staff += one.staff
            if not one.staff:
                yield one

    for some, results in through(_batches(of_customers(), batch)):
        for one, (judged, score, indicators, caveats, cost) in zip(some, results, strict=True):
            spent += cost
            failed += not judged
            if judged:
                tally.add(Row(one.ticket, score, one.written_at, indicators, caveats))
        seen(len(some))
    return Trial(tally.report(), staff, failed, spent)


def _batches(told: Iterator[Told], batch: int) -> Iterator[Batch]:
    while some := list(itertools.islice(told, batch)):
        yield some


def _ahead(
    pool: Executor, work: Callable[[Sequence[str]], Sequence[Result]], batches: Iterator[Batch], most: int
) -> Scored:
    """The batches' results in order; no more than `most` are under way, so that memory does not grow with the file."""
    waiting: deque[tuple[Batch, Future[Sequence[Result]]]] = deque()
    for batch in batches:
        waiting.append((batch, pool.submit(work, _texts(batch))))
        if len(waiting) >= most:
            done, future = waiting.popleft()
            yield done, future.result()
    while waiting:
        done, future = waiting.popleft()
        yield done, future.result()


def _texts(batch: Batch) -> list[str]:
    return [one.text for one in batch]


def _judged_offline(texts: Sequence[str], settings: WorkspaceSettings) -> Sequence[Result]:
    return _judged(texts, offline_scorer(), settings)


def _judged(texts: Sequence[str], asked: Asked, settings: WorkspaceSettings) -> Sequence[Result]:
    return [_one(text, asked, settings) for text in texts]


def _one(text: str, asked: Asked, settings: WorkspaceSettings) -> Result:
    verdict, spent = asked(reading(text, settings.languages))
    if verdict is None:
        return False, None, (), (), spent
    shown = trusted(verdict, settings.confidence_floor)
    return True, shown.score, shown.indicators, shown.caveats, spent

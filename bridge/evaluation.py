"""Labelled texts through a scorer, or two side by side: what they are worth, what they cost, where they differ."""

import json
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bridge.errors import Invalid
from bridge.http import Http
from bridge.model import UNKNOWN, Score, Verdict
from bridge.scale import Scale, label_of
from bridge.scoring.consult import spent_by
from bridge.scoring.figures import Figures, Guess, figures
from bridge.scoring.providers.ask import ask
from bridge.scoring.providers.outcomes import CallFailed, Then
from bridge.scoring.providers.route import Route
from bridge.scoring.scorers import Reading, noted, offline_verdict, reading, trusted
from bridge.store.usage import Usage
from bridge.workspace_settings import WorkspaceSettings

CALLS_AT_ONCE = 32
TRIES = 6
"""Calls for one text while the provider is busy; between them we wait as it asks, or twice as long each time."""
LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """A text and the label that people gave it."""

    text: str = field(repr=False)
    label: str


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scorer made of one row. `guessed` is the score's label; the product may show `unknown` instead."""

    guessed: str
    score: Score | None
    answered: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    name: str
    figures: Figures
    scored: Sequence[Scored | None]
    """One for each row, in order; None: the provider brought no score for it, and it counts nowhere."""
    spent: Usage
    seconds: float

    @property
    def failed(self) -> int:
        return sum(one is None for one in self.scored)


Asked = Callable[[Reading], tuple[Verdict | None, Usage]]
"""The verdict on a text, None when there is none, and what it took. Raises CallFailed when no other text will do."""


def rows_of(path: Path, scale: Scale) -> list[Row]:
    """The rows of a file of JSON lines, `{"text", "label"}`. Raises Invalid, naming the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(str(path), f"it cannot be read as text ({type(error).__name__})") from None
    rows = [_row(number, line, scale) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise Invalid(str(path), "there is no row in it")
    return rows


def _row(number: int, line: str, scale: Scale) -> Row:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    text, label = (value.get("text"), value.get("label")) if isinstance(value, dict) else (None, None)
    if not isinstance(text, str) or not isinstance(label, str):
        raise Invalid(f"line {number}", 'it must be {"text": "...", "label": "..."}')
    if label not in (*scale.labels, UNKNOWN):
        raise Invalid(f"line {number}", f"there is no label {label[:40]!r}; there are {', '.join(scale.labels)}")
    return Row(text, label)


def offline_scorer() -> Asked:
    """The embedded scorer."""
    return lambda read: (offline_verdict(read), Usage())


def provider_scorer(http: Http, way: Route) -> Asked:
    """A provider; a busy one is waited for."""

    def asked(read: Reading) -> tuple[Verdict | None, Usage]:
        if read.nothing:
            return offline_verdict(read), Usage()
        spent, wait = Usage(), 1.0
        for _ in range(TRIES):
            try:
                answer = ask(http, way, read.text)
            except CallFailed as failure:
                spent += spent_by(failure)
                if failure.then is Then.STOP:
                    raise
                if failure.then is Then.OFFLINE and not failure.retries:
                    break
                if failure.then is Then.LATER:
                    time.sleep(min(failure.retry_after or wait, LONGEST_WAIT))
                    wait *= 2
            else:
                return noted(answer.verdict, read), spent + spent_by(answer)
        return None, spent

    return asked


def evaluate(
    name: str,
    rows: Sequence[Row],
    asked: Asked,
    settings: WorkspaceSettings,
    at_once: int = 1,
    seen: Callable[[Usage], None] = lambda _spent: None,
) -> Evaluation:
    """Sends the rows through a scorer. `seen` is told after each row what it took. Raises CallFailed, Invalid."""
    scale = settings.buckets

    def one(row: Row) -> tuple[Scored | None, Usage]:
        verdict, spent = asked(reading(row.text, settings.languages))
        seen(spent)
        if verdict is None:
            return None, spent
        shown = label_of(scale, trusted(verdict, settings.confidence_floor).score)
        return Scored(label_of(scale, verdict.score), verdict.score, shown != UNKNOWN), spent

    began = time.perf_counter()
    results = list(_through(one, rows, at_once))
    seconds = time.perf_counter() - began
    scored = [result for result, _ in results]
    guesses = [
        Guess(row.label, told.guessed, told.score, told.answered)
        for row, told in zip(rows, scored, strict=True)
        if told is not None
    ]
    if not guesses:
        raise Invalid(name, "it scored none of the rows; `moodbridge provider test` says why")
    return Evaluation(name, figures(guesses, scale), scored, sum((spent for _, spent in results), Usage()), seconds)


def _through(
    one: Callable[[Row], tuple[Scored | None, Usage]], rows: Sequence[Row], at_once: int
) -> Iterable[tuple[Scored | None, Usage]]:
    if at_once == 1:
        yield from map(one, rows)
        return
    with ThreadPoolExecutor(at_once) as threads:
        futures = [threads.submit(one, row) for row in rows]
        try:
            for future in futures:
                yield future.result()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise

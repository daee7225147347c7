"""`moodbridge` with a slow scorer in the place of the offline one: `python -m benchmarks.bridge_process ARGUMENTS`.

The environment says where the scorer is (BENCH_SCORER, a URL; unset: the offline scorer stays) and how many
threads the score drain has (BENCH_THREADS; unset: the product's own number).
"""

import dataclasses
import functools
import os

from bridge.cli import main as moodbridge
from bridge.http import Http, Policy
from bridge.model import Score, ScorerName, Verdict
from bridge.scoring import scorers
from jobs import score

READ_TIMEOUT = 40.0
"""Seconds; longer than the stub ever hangs."""

_NAME = ScorerName("stub", "stub", "1")


def main() -> None:
    """Runs the command with the replacements."""
    url = os.environ.get("BENCH_SCORER")
    if url is not None:
        scorers.SCORERS["offline"] = functools.partial(_score, url)
    threads = int(os.environ.get("BENCH_THREADS", score.DRAIN.threads))
    score.DRAIN = dataclasses.replace(score.DRAIN, threads=threads, capacity=threads + threads // 10)
    moodbridge()


@functools.cache
def _http() -> Http:
    """Made by the first call, after every fork."""
    return Http(Policy(allow_private=True))


def _score(url: str, text: str) -> Verdict:
    answer = _http().request("POST", url, json={"text": text}, read_timeout=READ_TIMEOUT).json()
    assert isinstance(answer, dict)
    return Verdict(Score(answer["score"]), None, (), (), _NAME)


if __name__ == "__main__":
    main()

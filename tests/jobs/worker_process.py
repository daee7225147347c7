"""A score worker in a process of its own, to be killed; its settings come by the environment."""

import os

from bridge.runtime import open_runtime
from bridge.settings import load
from jobs.engine import Engine
from jobs.score import DRAIN
from tests.fakes import FAKE


def main() -> None:
    engine = Engine(open_runtime(load(os.environ), {FAKE.kind: FAKE}), DRAIN)
    while True:
        engine.run()


main()

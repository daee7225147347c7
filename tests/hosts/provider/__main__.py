"""`python -m tests.hosts.provider`: prints one JSON line with its base URLs, then serves until it is killed."""

import argparse
import asyncio
import json
import sys

from tests.hosts.provider.rules import DIALECTS
from tests.hosts.provider.server import FakeProvider
from tests.hosts.provider.state import State


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds from request to answer")
    chosen = parser.parse_args()
    provider = FakeProvider(State(latency=chosen.latency), chosen.port)
    asyncio.run(_serve(provider))


async def _serve(provider: FakeProvider) -> None:
    serving = asyncio.create_task(provider.serve())
    while not provider.port:
        await asyncio.sleep(0.01)
    sys.stdout.write(json.dumps({dialect.name: provider.base_url(dialect.name) for dialect in DIALECTS}) + "\n")
    sys.stdout.flush()
    await serving


main()

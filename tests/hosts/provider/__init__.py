"""A strict stand-in for AI providers: each dialect with its quirks, refusing what the real one refuses.

It knows nothing of Moodbridge's code, so that a mistake there is not repeated here. In a test:

    with FakeProvider() as provider:
        provider.state.fail_next("rate_limited")
        base_url = provider.base_url("openai")

As a process, for benchmarks: `python -m tests.hosts.provider --latency 0.5`.
"""

from tests.hosts.provider.server import FakeProvider
from tests.hosts.provider.state import KEY, State

__all__ = ["KEY", "FakeProvider", "State"]

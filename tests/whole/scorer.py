"""A scorer over HTTP for whole installations: slow like a provider, and it counts what it is asked.

`python -m tests.whole.scorer COMMAND...` runs `moodbridge COMMAND...` with it in place of the embedded one.
"""

import asyncio
import json
import os
import re
import sys
import threading
from collections import Counter
from types import TracebackType

WHERE = "WHOLE_TESTS_SCORER"
"""The variable that holds its address."""

SCORE = re.compile(r"\[(-?\d+)\]")
"""Each text names the score that it gets, in hundredths."""


class Scorer:
    """Listens on a free loopback port; takes `latency` seconds for each text."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.answered: Counter[str] = Counter()
        """How often each text was scored."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "Scorer":
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _end(self) -> None:
        calls = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                text = json.loads(await reader.readexactly(length))["text"]
                await asyncio.sleep(self.latency)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
                await writer.drain()
                self.answered[text] += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def main() -> None:
    """Runs the command with this scorer."""
    from bridge.cli import main as moodbridge
    from bridge.http import Http, Policy
    from bridge.model import Score, ScorerName, Verdict
    from bridge.scoring import scorers

    url = os.environ[WHERE]
    clients: dict[int, Http] = {}

    def score(text: str) -> Verdict:
        http = clients.setdefault(os.getpid(), Http(Policy(allow_private=True)))
        http.request("POST", url, json={"text": text})
        named = SCORE.search(text)
        assert named is not None
        return Verdict(Score(int(named[1])), None, (), (), ScorerName("test", "http", "1"))

    scorers.SCORERS["offline"] = score
    moodbridge()


if __name__ == "__main__":
    sys.argv[0] = "moodbridge"
    main()

"""A provider that answers after a fixed time: `python -m benchmarks.stub SECONDS` prints its port.

It is as cheap as can be, because it runs on the cores that it helps to measure.
"""

import asyncio
import sys

HANGS = b"this one hangs"
"""A text that holds this is answered after `HANG` seconds."""
HANG = 30.0

_BODY = b'{"score":-10}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


class Provider(asyncio.Protocol):
    """One connection: requests one after the other, each with a Content-Length."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._got = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers once the body is whole."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._got = b""
        self._loop.call_later(HANG if HANGS in body else self._seconds, self._transport.write, _ANSWER)


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0])


async def main(seconds: float) -> None:
    """Serves until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Provider(seconds), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))

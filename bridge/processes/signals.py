"""Signals as numbers to read, so that a loop can wait for them."""

import contextlib
import select
import signal
import socket
from collections.abc import Iterator
from types import FrameType

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Heard:
    """Where the numbers of arriving signals can be read."""

    def __init__(self, reader: socket.socket, writer: socket.socket) -> None:
        self._reader = reader
        self.files = (reader.fileno(), writer.fileno())

    def wait(self, seconds: float | None) -> bytes:
        """The signals that came, after waiting up to `seconds` for the first (None: for ever)."""
        select.select([self._reader], [], [], seconds)
        try:
            return self._reader.recv(4096)
        except BlockingIOError:
            return b""


@contextlib.contextmanager
def heard() -> Iterator[Heard]:
    """Read HEARD signals instead of being ended by them; SIGHUP stays ignored where it was (nohup)."""
    reader, writer = socket.socketpair()
    with reader, writer:
        reader.setblocking(False)
        writer.setblocking(False)
        before = {number: signal.getsignal(number) for number in HEARD}
        previous = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number, handler in before.items():
            if not (number == signal.SIGHUP and handler is signal.SIG_IGN):
                signal.signal(number, _noted)
        try:
            yield Heard(reader, writer)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous)


def _noted(number: int, frame: FrameType | None) -> None:
    """The number is in the wake-up file already; without a handler Python would not write it there."""

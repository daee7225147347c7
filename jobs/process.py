"""What a worker process keeps between the jobs that RQ hands it: the opened runtime and its engine."""

import threading
from typing import Any

from bridge.errors import BridgeError
from bridge.runtime import Runtime
from jobs.drain import Drain
from jobs.engine import Engine


class NotAWorker(BridgeError):
    """A job was called outside a worker process."""


_runtime: Runtime | None = None
_engine: Engine[Any, Any] | None = None
_stop = threading.Event()


def use(runtime: Runtime) -> None:
    """The runtime of this process, opened by the worker before its first job."""
    global _runtime
    _runtime = runtime


def runtime() -> Runtime:
    """Raises NotAWorker when no worker has started here."""
    if _runtime is None:
        raise NotAWorker("jobs run in `moodbridge worker` only")
    return _runtime


def run(drain: Drain[Any, Any]) -> None:
    """Drains until nothing is due or the time budget is spent; then wakes the next."""
    global _engine
    if _engine is None:
        _engine = Engine(runtime(), drain)
    if _engine.run():
        runtime().waker.again(drain.queue)


def stop() -> None:
    """Claims nothing more from now on; called from the signal handler."""
    _stop.set()
    if _engine is not None:
        _engine.stopping.set()


def stopping() -> bool:
    """Whether the process was told to stop."""
    return _stop.is_set()


def wait_to_stop(seconds: float) -> None:
    """Waits so long, or until the process is told to stop."""
    _stop.wait(seconds)


def close(timeout: float) -> None:
    """Lets the calls under way settle, gives back the rest, and closes the runtime."""
    global _engine, _runtime
    if _engine is not None:
        _engine.close(timeout)
    if _runtime is not None:
        _runtime.close()
    _engine = _runtime = None

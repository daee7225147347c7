"""A small program under a real supervisor, for the tests: `processes_rig.py DATA_DIR WORD...`.

Words name processes (redis, migrate, web, worker:NAME, scheduler ...) or set the supervisor up (grace=0.5).
Status lines go to stdout; what the processes do is appended to DATA_DIR/events, one line each.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from bridge.errors import BridgeError
from bridge.processes import supervisor
from bridge.processes.lock import only_one
from bridge.processes.process import Process, Role
from bridge.processes.redis import embedded_redis, find_server
from bridge.processes.serve import listen, local_url, web
from bridge.processes.supervisor import Supervisor


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def note(data: Path, text: str) -> None:
    with (data / "events").open("a") as events:
        events.write(f"{time.time():.3f} {text}\n")


def worker(data: Path, name: str) -> None:
    """Notes its start and each SIGTERM, and ends at the first one."""
    ended = threading.Event()

    def on_term(*_: object) -> None:
        note(data, f"{name} SIGTERM")
        ended.set()

    signal.signal(signal.SIGTERM, on_term)
    note(data, f"{name} started")
    while not ended.wait(0.05):
        pass


def stubborn(data: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: note(data, "stubborn SIGTERM"))
    note(data, "stubborn started")
    while True:
        signal.pause()


def failing(data: Path, error: Exception) -> None:
    note(data, "failing started")
    raise error


def short_lived(data: Path) -> None:
    note(data, "short-lived started")
    time.sleep(0.15)


def leaves_orphan(data: Path) -> None:
    """Its child ends after it: the orphan of a process 1."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(writer)
        os.read(reader, 1)  # until our parent is gone
        note(data, f"orphan {os.getpid()} ends")
        os._exit(0)
    os.close(reader)


def application(data: Path) -> WSGIApplication:
    together = threading.Barrier(16, timeout=5)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/environ":
                body = "\n".join(f"{name}={value}" for name, value in sorted(environ.items())).encode()
            case "/slow":
                note(data, "slow begun")
                deadline = time.monotonic() + 10
                while not (data / "finish").exists() and time.monotonic() < deadline:
                    time.sleep(0.01)
                body = b"finished"
            case "/together":
                together.wait()
                body = b"together"
            case "/pid":
                body = str(os.getpid()).encode()
            case "/broken":
                raise RuntimeError("customer words")
            case _:
                body = b"ok"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [body]

    return answer


def build(data: Path, words: list[str], stack: contextlib.ExitStack) -> Supervisor:
    processes: list[Process] = []
    private = [stack.enter_context(only_one(data))]
    at_stop: Callable[[], None] = lambda: None  # noqa: E731
    grace = 20.0
    for word in words:
        kind, _, name = word.partition(":")
        match kind:
            case "redis":
                processes.append(embedded_redis(find_server(), data))
            case "migrate":
                processes.append(Process("migrate", Role.STEP, partial(note, data, "migrated")))
            case "broken-migrate":
                error = BridgeError("the schema is newer than this program")
                processes.append(Process("migrate", Role.STEP, partial(failing, data, error), remedy="Upgrade."))
            case "web":
                listener = listen("127.0.0.1", int(os.environ.get("PORT", "0")))
                say(f"url {local_url(listener)}")
                processes += web(partial(application, data), listener, int(name or "1"))
                private.append(listener.fileno())
                at_stop = listener.close
            case "worker":
                processes.append(Process(f"worker {name}", Role.WORKER, partial(worker, data, f"worker {name}")))
            case "scheduler":
                processes.append(Process("scheduler", Role.SCHEDULER, partial(worker, data, "scheduler")))
            case "after":
                processes.append(Process("tour", Role.AFTER, partial(note, data, "tour given")))
            case "stubborn":
                processes.append(Process("stubborn", Role.WORKER, partial(stubborn, data)))
            case "failing":
                error = RuntimeError("secret words")
                processes.append(
                    Process("failing", Role.WORKER, partial(failing, data, error), lambda: False, remedy="Mend it.")
                )
            case "short-lived":
                processes.append(Process("short-lived", Role.WORKER, partial(short_lived, data)))
            case "orphans":
                ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans come to us, as to process 1
                processes.append(Process("tour", Role.AFTER, partial(leaves_orphan, data)))
            case "thread":
                threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
            case _:
                setting, _, value = word.partition("=")
                match setting:
                    case "grace":
                        grace = float(value)
                    case "healthy_after":
                        supervisor.HEALTHY_AFTER = float(value)
                    case "no_pause":
                        supervisor.pause = lambda exits: 0.0
                    case _:
                        raise SystemExit(f"unknown word {word}")
    return Supervisor(processes, say, private=private, at_stop=at_stop, grace=grace)


def main() -> int:
    data = Path(sys.argv[1])
    try:
        with contextlib.ExitStack() as stack:
            return build(data, sys.argv[2:], stack).run()
    except BridgeError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())

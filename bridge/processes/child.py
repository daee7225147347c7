"""Forking: one child process that starts clean, dies with its parent and never runs the parent's clean-up."""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence

from setproctitle import setproctitle

from bridge.errors import BridgeError
from bridge.processes.parent_death import die_with
from bridge.processes.process import Work
from bridge.processes.signals import HEARD

log = logging.getLogger("moodbridge.processes")


def set_title(name: str) -> None:
    """Show this process as `moodbridge NAME` in process lists (just `moodbridge` for an empty name)."""
    setproctitle(f"moodbridge {name}".strip())


def start(work: Work, *, name: str, setup: Callable[[str], None] | None = None, close: Iterable[int] = ()) -> int:
    """Fork a child that runs `work`, and return its process id.

    The child has its own session (a Ctrl-C in the terminal does not reach it), default signal handlers, no
    standard input, private file modes, the title of `name`, and none of the files in `close`. `setup` gets
    the name first (it is meant to set up logging). What `work` raises is logged; the exit code is then 1.
    The caller must have no other thread: a fork copies the locks they hold, not the threads.
    """
    parent = os.getpid()
    _flush()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # no parent's handler runs in the child
    try:
        pid = os.fork()
        if pid == 0:
            _live(parent, work, name, setup, close)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return pid


def _live(parent: int, work: Work, name: str, setup: Callable[[str], None] | None, close: Iterable[int]) -> None:
    code = 1
    try:
        die_with(parent)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in HEARD:
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        for file in close:
            os.close(file)
        os.umask(0o077)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        set_title(name)
        if setup is not None:
            setup(name)
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BridgeError as error:  # its words are for people; where it was raised is not
        log.error("%s", error)
    except BaseException:
        log.exception("%s failed", name)
    finally:
        with contextlib.suppress(OSError, ValueError):
            logging.shutdown()
        _flush()
        os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it any more
            stream.flush()


def become(argv: Sequence[str]) -> None:
    """Turn this process into the program `argv` (an absolute path and its arguments)."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec would hand that on
        signal.signal(number, signal.SIG_DFL)
    os.execv(argv[0], list(argv))

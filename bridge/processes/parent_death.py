"""A child that does not outlive its parent, whatever kills the parent."""

import ctypes
import os
import signal
import sys
import threading
import time

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2); it outlives exec, not fork
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with(parent: int) -> None:
    """Make the kernel kill this process when `parent` ends; call it first thing in a forked child.

    The signal follows the parent's forking thread, so the parent must fork from its main thread. Where the
    kernel has no such signal (macOS), a thread looks once a second; a later exec ends that watch.
    """
    if _libc is None:
        threading.Thread(target=watch, args=(parent, 1.0), name="parent-watch", daemon=True).start()
    elif _libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def watch(parent: int, every: float) -> None:
    """Kill this process once `parent` is no longer its parent; looks every `every` seconds."""
    while os.getppid() == parent:
        time.sleep(every)
    os.kill(os.getpid(), signal.SIGKILL)

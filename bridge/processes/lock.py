"""One supervisor per data directory."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from bridge.errors import BridgeError


class AlreadyRuns(BridgeError):
    """Another supervisor holds the data directory."""


class NoDataDir(BridgeError):
    """The data directory cannot be made or written to."""


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[int]:
    """Hold `data_dir` (made if need be, for this user alone) until the block or the process ends.

    Gives the lock's file, which children should close. The kernel frees it however the process ends. Raises
    AlreadyRuns and NoDataDir.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise NoDataDir(f"MOODBRIDGE_DATA_DIR: cannot write to {data_dir} ({error.strerror}).") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRuns(
                f"Moodbridge already runs on {data_dir} (process {holder}). "
                "Stop it first, or set MOODBRIDGE_DATA_DIR to another directory."
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield file
    finally:
        os.close(file)

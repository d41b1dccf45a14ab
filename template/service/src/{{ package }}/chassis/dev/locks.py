"""Locks on files. The kernel drops those of a killed process, so that none is ever stale."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def locked(file: Path) -> Iterator[IO[str]]:
    """Have the lock alone for the block; a child process may inherit it."""
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def acquired(lock: IO[str], how: int) -> bool:
    """Take a lock, unless somebody else's stands against it; whether that worked."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

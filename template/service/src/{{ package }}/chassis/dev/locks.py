"""Locks on files. The kernel drops those of a killed process, so that none is ever stale."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """A lock that many can share or one can have; child processes may inherit it."""

    def __init__(self, file: Path) -> None:
        self.descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)

    def share(self) -> None:
        """Share the lock, once nobody has it alone."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def take(self) -> None:
        """Have the lock alone, once nobody else holds it."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def try_share(self) -> bool:
        """Share the lock unless somebody has it alone; return whether that worked."""
        return self._try(fcntl.LOCK_SH)

    def try_take(self) -> bool:
        """Turn one's share into having it alone, or lose it; return whether that worked."""
        # Without this, two that try at the same time could each be stopped by the other's share.
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        return self._try(fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go; children that inherited the lock still hold it."""
        os.close(self.descriptor)

    def _try(self, operation: int) -> bool:
        try:
            fcntl.flock(self.descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def opened(file: Path) -> Iterator[FileLock]:
    """Open a lock for the block, without holding it yet."""
    lock = FileLock(file)
    try:
        yield lock
    finally:
        lock.close()

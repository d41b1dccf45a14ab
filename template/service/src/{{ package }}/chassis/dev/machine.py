"""What the embedded servers ask of the machine: free ports, and locks on files."""

import fcntl
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Below every system's range for outgoing connections: there, while a server restarts, a client
# that reconnects can be given the server's own port, and is then connected to itself.
_ANY = range(15_000, 30_000)


def free_port(first: int) -> int:
    """Return the first port from `first` on (0: from a random one) that nobody listens on."""
    port = first or secrets.choice(_ANY)
    while _answers(port):
        port += 1
    return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def locked(file: Path) -> Iterator[IO[str]]:
    """Have the lock alone for the block; a child process may inherit it. The kernel drops the
    lock of a killed process."""
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

"""The one process that serves a folder: started, watched and ended, by whichever program."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from .locks import opened
from .root import Identity
from .wheel import EmbeddedServerUnavailable

_READY = b"ready to accept connections"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 15.0
"""Seconds."""


class Daemon:
    """A server process that writes its id to `data/pid` in `folder` and says in its log if ready.

    It inherits a lock, which is therefore held until its last process is gone: a running server
    is told from the traces of a dead one without trusting process ids, which are used again.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.log = folder / "server.log"
        self._lock = folder / "server.lock"
        self._pid_file = folder / "data" / "pid"
        self._identity = identity

    @property
    def running(self) -> bool:
        """Whether the process lives, whoever started it."""
        with opened(self._lock) as lock:
            return not lock.try_share()

    @property
    def pid(self) -> int:
        """The id of the running process."""
        return int(self._pid_file.read_text())

    def spawn(self, command: list[str]) -> None:
        """Start the process, with an empty log and out of reach of the terminal's Ctrl-C."""
        with opened(self._lock) as lock, self.log.open("wb") as log:
            lock.take()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                env=environment(),
                pass_fds=[lock.descriptor],
                start_new_session=True,
                **self._identity,
            )
        # Reaps the process, which may end long after this program has left it to others.
        Thread(target=process.wait, daemon=True).start()

    def wait_until_ready(self) -> None:
        """Return when the process serves; raises EmbeddedServerUnavailable with its last words."""
        deadline = time.monotonic() + START_TIMEOUT
        while _READY not in self.log.read_bytes().lower():
            if not self.running or time.monotonic() > deadline:
                lines = self.log.read_text(errors="replace").splitlines()
                raise EmbeddedServerUnavailable(
                    f"{lines[-1] if lines else 'no output'} ({self.log})"
                )
            time.sleep(0.005)

    def end(self, how: signal.Signals) -> None:
        """Send the signal and return when the process is gone; one that hangs is killed."""
        deadline = time.monotonic() + STOP_TIMEOUT
        self._send(how)
        while self.running:
            if time.monotonic() > deadline:
                self._send(signal.SIGKILL)
            time.sleep(0.005)
        self._pid_file.unlink(missing_ok=True)

    def _send(self, what: signal.Signals) -> None:
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)


def environment() -> dict[str, str]:
    """Return this process's environment without what would configure a server behind our back."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}

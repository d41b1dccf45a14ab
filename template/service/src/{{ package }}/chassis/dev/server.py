"""A server that belongs to a folder: its first user starts it, others join, the last stops it."""

import fcntl
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, ClassVar, Self

from .binaries import EmbeddedServerUnavailable, Identity, make_folder
from .machine import acquired, free_port, locked

_READY = b"ready to accept connections"
START_TIMEOUT = 60.0
STOP_TIMEOUT = 15.0
"""Seconds."""


class Server(ABC):
    """A server on 127.0.0.1 that keeps its data, log and locks in `folder`.

    `port` is the first one to try, 0 for any; later starts in the folder try its last one first.
    `options` are further arguments for the server's command line. The server inherits a lock,
    by which a running one is told from a dead one: process ids are used again.
    """

    product: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        options: Sequence[str] = (),
        identity: Identity | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.options = options
        self._first_port = port
        self._identity: Identity = identity or {}
        self._log = self.folder / "server.log"
        self._use: IO[str] | None = None

    def start(self) -> None:
        """Start the server or join the one that runs here; return when it takes connections.

        Raises EmbeddedServerUnavailable with the server's last words.
        """
        try:
            make_folder(self.folder, self._identity)
            with locked(self.folder / "start.lock"):
                if self._use is None:
                    self._use = (self.folder / "users.lock").open("a")
                    fcntl.flock(self._use, fcntl.LOCK_SH)
                if not self.running:
                    self._prepare()
                    self._launch()
                self._wait_until_ready()
        except (OSError, EmbeddedServerUnavailable) as error:
            raise EmbeddedServerUnavailable(f"{self.product} does not start: {error}") from error

    def stop(self) -> None:
        """Leave the server; whoever leaves last shuts it down."""
        if self._use is None:
            return
        with locked(self.folder / "start.lock"), self._use as use:
            if acquired(use, fcntl.LOCK_EX):
                self.end(self.stop_signal)
        self._use = None

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server, whoever uses it, the way a crash does or by another signal; `start`
        brings it back. One that hangs is killed."""
        deadline = time.monotonic() + STOP_TIMEOUT
        self._send(how)
        while self.running:
            if time.monotonic() > deadline:
                self._send(signal.SIGKILL)
            time.sleep(0.005)
        self._pid_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients, with the password if there is one."""

    @property
    def running(self) -> bool:
        """Whether a server runs in this folder, whoever started it."""
        with (self.folder / "server.lock").open("a") as lock:
            return not acquired(lock, fcntl.LOCK_SH)

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return int(self._pid_file.read_text())

    @property
    def port(self) -> int:
        """The port of the running server, or of the last one that ran here; 0 if none did."""
        file = self.folder / "port"
        return int(file.read_text()) if file.exists() else 0

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data folder, unless it is there."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command line of the server, which must stay in the foreground and write its
        process id to `data/pid`."""

    @property
    def _pid_file(self) -> Path:
        return self.folder / "data" / "pid"

    def _launch(self) -> None:
        """Start the process, with an empty log and out of reach of the terminal's Ctrl-C."""
        (self.folder / "port").write_text(str(free_port(self.port or self._first_port)))
        with locked(self.folder / "server.lock") as lock, self._log.open("wb") as log:
            process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(),
                pass_fds=[lock.fileno()],
                start_new_session=True,
                **self._identity,
            )
        # Reaps the process, which may end long after this program has left it to others.
        Thread(target=process.wait, daemon=True).start()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while _READY not in self._log.read_bytes().lower():
            if not self.running or time.monotonic() > deadline:
                last = self._log.read_text(errors="replace").splitlines()[-1:] or ["no output"]
                raise EmbeddedServerUnavailable(f"{last[0]} ({self._log})")
            time.sleep(0.005)

    def _send(self, what: signal.Signals) -> None:
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)


def environment() -> dict[str, str]:
    """Return this process's environment without what would configure a server behind our back."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}

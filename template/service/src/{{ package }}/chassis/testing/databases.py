"""The servers of a test run, and for each test a database and a key prefix on them."""

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import asyncpg
import pytest
import redis

from ..dev import (
    EmbeddedServerUnavailable,
    Postgres,
    Server,
    Valkey,
    create_database,
    drop_database,
)
from ..errors import ServiceError
from ..migrate import migrate
from ..service import Service
from ..settings import Settings

# Killing a server loses nothing with these; only a crash of the whole machine would.
POSTGRES_OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off")
VALKEY_OPTIONS = ("--appendfsync", "no", "--hz", "100")

# Reads until the tests are gone, however they went.
_REAPER = """
read -r _
pid=$(cat "$0/data/pid") && kill -s "$1" "$pid"
rm -rf "$0"
"""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A Postgres server: the given one, or one of this process's own, which costs half a second."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    with _explained():
        server = Postgres(_new_folder("postgres"), options=POSTGRES_OPTIONS)
    with _running(server, "QUIT"):
        yield server.url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis or Valkey server; what a test writes there stands under its `key_prefix`."""
    if given := os.environ.get("TEST_REDIS_URL"):
        try:
            with redis.Redis.from_url(given) as client:
                client.ping()
        except (redis.RedisError, ValueError) as error:
            _leave(f"TEST_REDIS_URL: {error}")
        yield given
        return
    with _explained():
        server = Valkey(_new_folder("valkey"), options=VALKEY_OPTIONS)
    with _running(server, "TERM"):
        yield server.url


@pytest.fixture(scope="session")
def template_database(postgres_url: str, composed_service: Service[Settings]) -> Iterator[str]:
    """The name of a migrated database, which the tests get copies of."""
    name = _random_name()
    try:
        url = asyncio.run(create_database(postgres_url, name))
    except (ServiceError, asyncpg.PostgresError) as error:
        _leave(f"TEST_DATABASE_URL: {error}")
    try:
        asyncio.run(migrate(composed_service, url))
        yield name
    finally:
        asyncio.run(drop_database(postgres_url, name))


@pytest.fixture
async def database_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    name = _random_name()
    yield await create_database(postgres_url, name, template=template_database)
    await drop_database(postgres_url, name)


@pytest.fixture
def key_prefix(redis_url: str) -> Iterator[str]:
    """A prefix for the keys of this test, which are deleted after it."""
    prefix = f"{_random_name()}:"
    yield prefix
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)


@contextmanager
def _running(server: Server, end: str) -> Iterator[None]:
    """Run a server for the block, then remove its folder, even if the tests are killed."""
    reaper = subprocess.Popen(
        ["/bin/sh", "-c", _REAPER, server.folder, end],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with reaper, server:
        yield


@contextmanager
def _explained() -> Iterator[None]:
    """Turn a missing wheel into one line; a CI without servers must not look green."""
    try:
        yield
    except EmbeddedServerUnavailable as error:
        if os.environ.get("CI"):
            _leave(str(error))
        pytest.skip(str(error))


def _leave(reason: str) -> NoReturn:
    """End the whole run with one line."""
    pytest.exit(reason, returncode=pytest.ExitCode.USAGE_ERROR)


def _new_folder(name: str) -> Path:
    """A folder in memory, if there is room: disks can be 20 times slower."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    parent = memory if roomy else Path(tempfile.gettempdir())
    return parent / f"service-test-{name}-{secrets.token_hex(8)}"


def _random_name() -> str:
    return f"service_test_{secrets.token_hex(8)}"

"""The servers of a test run, and for each test a database and a key prefix on them."""

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import redis

from ..dev import Postgres, Valkey, create_database, drop_database
from ..errors import ServiceError
from ..migrate import migrate
from ..service import Service
from ..settings import Settings

# Killing a server loses nothing with these; only a crash of the whole machine would.
POSTGRES_OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off")
VALKEY_OPTIONS = ("--appendfsync", "no", "--hz", "100")

# Reads until the tests are gone, however they went.
_REAPER = 'read -r _; pid=$(cat "$0/data/pid") && kill -s "$1" "$pid"; rm -rf "$0"'


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A Postgres server: the given one, or one of this process's own, which costs half a second."""
    with _server("TEST_DATABASE_URL", Postgres, POSTGRES_OPTIONS, "QUIT") as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis or Valkey server; what a test writes there stands under its `key_prefix`."""
    with _server("TEST_REDIS_URL", Valkey, VALKEY_OPTIONS, "TERM") as url:
        with _or_exit("TEST_REDIS_URL"), redis.Redis.from_url(url) as client:
            client.ping()
        yield url


@pytest.fixture(scope="session")
def template_database(postgres_url: str, composed_service: Service[Settings]) -> Iterator[str]:
    """The name of a migrated database, which the tests get copies of."""
    name = _random_name()
    with _or_exit("TEST_DATABASE_URL"):
        url = asyncio.run(create_database(postgres_url, name))
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
def _server(
    given: str, kind: type[Postgres | Valkey], options: Sequence[str], end: str
) -> Iterator[str]:
    """The server that the variable `given` names, or one of the tests' own; its folder is removed
    at the end, even if they are killed. It is in memory if there is room, which is faster."""
    if url := os.environ.get(given):
        yield url
        return
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
    parent = memory if roomy else Path(tempfile.gettempdir())
    with _or_exit("there is no server to test on"):
        server = kind(parent / _random_name(), options=options)
        server.start()
    command = ["/bin/sh", "-c", _REAPER, str(server.folder), end]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True), server:
        yield server.url


@contextmanager
def _or_exit(what: str) -> Iterator[None]:
    """End the whole run with one line: without servers it must not look green."""
    try:
        yield
    except (ServiceError, asyncpg.PostgresError, redis.RedisError, ValueError) as error:
        pytest.exit(f"{what}: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


def _random_name() -> str:
    return f"service_test_{secrets.token_hex(8)}"

"""What the tests run on: servers of their own, or those of TEST_DATABASE_URL and TEST_REDIS_URL.

Nothing else decides: no DATABASE_URL, no REDIS_URL, no .env. On a given server the tests make
databases and keys with random names and remove them; what harms a server runs on own ones alone.
"""

import asyncio
import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import asyncpg
import pytest
import redis
from hypothesis.configuration import set_hypothesis_home_dir

from orders.chassis.db import Database
from orders.chassis.dev import Postgres, Valkey, create_database, drop_database
from orders.chassis.errors import ServiceError
from orders.chassis.messaging.redis import Broker
from orders.chassis.migrate import migrate
from orders.chassis.settings import Settings

from .pipe import Pipe, Probed
from .servers import leave, make_postgres, make_valkey, running
from .service import service

_examples = tempfile.mkdtemp(prefix="service-test-hypothesis-")
set_hypothesis_home_dir(_examples)  # else it is the service's folder
atexit.register(shutil.rmtree, _examples, ignore_errors=True)

OWN_SERVERS = {"postgres_server", "redis_server", "private_postgres", "private_valkey"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    given = [name for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL") if os.environ.get(name)]
    for item in items if given else ():
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("own_servers") or fixtures & OWN_SERVERS:
            reason = f"{item.name}: only for servers the tests start; unset {' and '.join(given)}"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def _bare_environment() -> Iterator[None]:
    """Hide the settings of the developer's shell and .env; they may point at staging."""
    settings = {name.upper() for name in service.settings.model_fields}
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper() in settings or name.startswith(("PG", "OTEL_")):
                patch.delenv(name)
        for kind in (Settings, service.settings):
            patch.setitem(kind.model_config, "env_file", None)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """The run's own Postgres. Other tests need it too: kill only a `private_postgres`."""
    with running(make_postgres()) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Valkey]:
    """The run's own Valkey. Other tests need it too: kill only a `private_valkey`."""
    with running(make_valkey()) as server:
        yield server


@pytest.fixture
def private_postgres() -> Iterator[Callable[..., Postgres]]:
    """Start a Postgres, with further command line options, for this test to do its worst to."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(running(make_postgres(*options)))


@pytest.fixture
def private_valkey() -> Iterator[Callable[..., Valkey]]:
    """Start a Valkey, with further command line options, for this test to do its worst to."""
    with ExitStack() as stack:
        yield lambda *options: stack.enter_context(running(make_valkey(*options)))


@pytest.fixture(scope="session")
def template_database(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address of the Postgres server, and the name of a migrated database to copy."""
    given = os.environ.get("TEST_DATABASE_URL")
    server = given or request.getfixturevalue("postgres_server").url
    name = _random_name()
    try:
        url = asyncio.run(create_database(server, name))
    except (ServiceError, asyncpg.PostgresError) as error:
        leave(f"TEST_DATABASE_URL: {error}")
    try:
        asyncio.run(_migrate(url))
        yield server, name
    finally:
        asyncio.run(drop_database(server, name))


async def _migrate(url: str) -> None:
    """Migrate as for code that handles nothing: tests say themselves what newer releases handle."""
    await migrate(service, url)
    connection = await Database(url, role="tests").connect()
    await connection.execute("DELETE FROM handled_types")
    await connection.close()


@pytest.fixture
async def database_url(template_database: tuple[str, str]) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    server, template = template_database
    name = _random_name()
    yield await create_database(server, name, template=template)
    await drop_database(server, name)


@pytest.fixture
async def empty_database_url(template_database: tuple[str, str]) -> AsyncIterator[str]:
    """A database of this test's own that nobody has migrated."""
    server, _ = template_database
    name = _random_name()
    yield await create_database(server, name)
    await drop_database(server, name)


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """The Redis of the run; what a test writes there stands under its `key_prefix`."""
    given = os.environ.get("TEST_REDIS_URL")
    if not given:
        return str(request.getfixturevalue("redis_server").url)
    try:
        with redis.Redis.from_url(given) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        leave(f"TEST_REDIS_URL: {error}")
    return given


@pytest.fixture
def key_prefix(redis_url: str) -> Iterator[str]:
    """A prefix for the keys of this test, which are deleted after it."""
    prefix = f"{_random_name()}:"
    yield prefix
    with redis.Redis.from_url(redis_url) as client:
        for key in client.scan_iter(match=f"{prefix}*", count=1000):
            client.delete(key)


@pytest.fixture
async def pipe(
    request: pytest.FixtureRequest, database_url: str, redis_url: str, key_prefix: str
) -> AsyncIterator[Pipe]:
    """The pipe on a database and a key prefix of the test's own, for its module's EVENT if any."""
    database = Database(database_url, role="tests", lock_timeout="300ms")
    engine = database.engine(pool_size=30)
    async with Broker(redis_url, blocking=1) as broker:
        event = getattr(request.module, "EVENT", Probed)
        yield Pipe(database, engine, broker, key_prefix, event)
    await engine.dispose()


def _random_name() -> str:
    return f"service_test_{secrets.token_hex(8)}"

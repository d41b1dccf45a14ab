"""The lines to the servers, for tests that cut them; and somebody at the desk."""

from collections.abc import AsyncIterator

import pytest

from orders.chassis.db import Database
from orders.chassis.messaging import redis as broker_module
from orders.chassis.messaging.redis import Broker
from orders.chassis.messaging.unit_of_work import UnitsOfWork

from ..line import Line, line_to
from ..operators import Operator, at_the_desk
from ..pipe import Pipe, handler


@pytest.fixture
async def redis_line(
    pipe: Pipe, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Line]:
    """The line that relays and consumers reach Redis on, where an answer may take 0.3 s; the test
    itself asks it directly."""
    monkeypatch.setattr(broker_module, "TIMEOUT", 0.3)
    async with line_to(redis_url) as line, Broker(line.url, blocking=0.1) as pipe.on_line:
        yield line


@pytest.fixture
async def postgres_line(pipe: Pipe, database_url: str) -> AsyncIterator[Line]:
    """The line that handlers reach Postgres on; the test itself asks it directly."""
    async with line_to(database_url) as line:
        engine = Database(line.url, role="tests", lock_timeout="300ms").engine(pool_size=30)
        pipe.units = UnitsOfWork(engine, pipe.outbox)
        yield line
        line.restore()
        await engine.dispose()


@pytest.fixture
def servers(database_url: str, redis_url: str, key_prefix: str) -> dict[str, object]:
    """The settings that lead to the servers."""
    return {"database_url": database_url, "redis_url": redis_url, "key_prefix": key_prefix}


@pytest.fixture
async def stranger(pipe: Pipe, servers: dict[str, object]) -> AsyncIterator[Operator]:
    """Somebody at the desk of a service with one handler, not logged in."""
    async with at_the_desk(pipe, handler(), settings=servers) as stranger:
        yield stranger


@pytest.fixture
async def operator(stranger: Operator) -> Operator:
    """Somebody who has logged in."""
    await stranger.log_in()
    return stranger

"""What the first page tells; a server that does not answer takes only its own part away."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from ..db import DATABASE_ERRORS, reason_of
from ..errors import BrokerUnavailable
from ..messaging.dead_letters import queries as desk
from ..messaging.dead_letters.selection import Selection
from ..messaging.events import streams_known
from ..messaging.observing.status import Backlog, GroupStatus, backlog, groups
from ..messaging.observing.throughput import Throughput, throughput
from ..messaging.redis import Broker, GroupMissing

PATIENCE = 4.0
"""Seconds that one server may take for its part of a page."""
GROUPS = 50
"""Shown at most."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a part of a page cannot be shown."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True)
class Letters:
    """The dead letters that wait: how many in each state, and the largest groups of them."""

    open: int
    marked: int
    groups: Sequence[Row[Any]]
    more: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Each part, or why it is missing."""

    outbox: Backlog | Problem
    letters: Letters | Problem
    throughput: Throughput | Problem
    streams: list[GroupStatus] | Problem


async def look(engine: AsyncEngine, redis_url: str, key_prefix: str) -> Overview:
    """Ask both servers, all at once."""
    return Overview(
        *await asyncio.gather(
            within("Postgres", backlog(engine)),
            within("Postgres", _letters(engine)),
            within("Postgres", throughput(engine)),
            within("Redis", _streams(redis_url, key_prefix)),
        )
    )


async def within(server: str, work: Awaitable[_T]) -> _T | Problem:
    """What `server` answers; a Problem if it does not."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await work
    except DATABASE_ERRORS as error:
        return Problem(server, reason_of(error))
    except (BrokerUnavailable, GroupMissing) as error:
        return Problem(server, str(error))
    except TimeoutError:
        return Problem(server, f"no answer in {PATIENCE:.0f} s")


async def _letters(engine: AsyncEngine) -> Letters:
    found = await desk.grouped(engine, Selection(), GROUPS + 1)
    return Letters(*await desk.waiting(engine), found[:GROUPS], len(found) > GROUPS)


async def _streams(redis_url: str, key_prefix: str) -> list[GroupStatus]:
    """On a connection of its own: nothing else in the API needs Redis."""
    async with Broker(redis_url) as broker:
        return await groups(broker, streams_known(), key_prefix)

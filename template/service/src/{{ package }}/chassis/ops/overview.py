"""The parts of the first page; a server that does not answer takes only its own part away."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from ..db import DATABASE_ERRORS, reason_of
from ..errors import BrokerUnavailable
from ..messaging.dead_letters import queries
from ..messaging.dead_letters.selection import Selection
from ..messaging.events import streams_known
from ..messaging.observing.status import GroupStatus, backlog, groups
from ..messaging.redis import Broker, GroupMissing

PATIENCE = 4.0
"""Seconds that one server may take for its part of a page."""
MAX_GROUPS = 50
"""Of dead letters; one more is read, to show that there are more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a part of a page cannot be shown."""

    server: str
    reason: str


async def read_overview(
    engine: AsyncEngine, redis_url: str, key_prefix: str
) -> Mapping[str, object]:
    """Ask both servers, all at once; each part by its name, a Problem where there is no answer."""
    parts: Mapping[str, Awaitable[object]] = {
        "outbox": _within("Postgres", backlog(engine)),
        "dead_letters": _within("Postgres", queries.waiting(engine)),
        "groups": _within("Postgres", queries.grouped(engine, Selection(), MAX_GROUPS + 1)),
        "streams": _within("Redis", _streams(redis_url, key_prefix)),
    }
    return dict(zip(parts, await asyncio.gather(*parts.values()), strict=True))


async def _within(server: str, work: Awaitable[object]) -> object:
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


async def _streams(redis_url: str, key_prefix: str) -> list[GroupStatus]:
    """On a connection of its own: nothing else in the API needs Redis."""
    async with Broker(redis_url) as broker:
        return await groups(broker, streams_known(), key_prefix)

"""What the service published and handled of late, minute by minute, as Postgres remembers it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

MINUTES = 60
"""How far it looks back."""

_PUBLISHED = text("""
    SELECT floor(extract(epoch FROM now() - sent_at) / 60)::int AS ago, count(*) AS events
    FROM outbox_sent WHERE sent_at > now() - make_interval(mins => :minutes) GROUP BY ago
""")
_HANDLED = text("""
    SELECT floor(extract(epoch FROM now() - decided_at) / 60)::int AS ago, count(*) AS events
    FROM inbox WHERE state = 'done' AND decided_at > now() - make_interval(mins => :minutes)
    GROUP BY ago
""")


@dataclass(frozen=True, slots=True)
class Throughput:
    """Events in each of the last minutes, the newest last: published, and handled, each once for
    every handler."""

    published: Sequence[int]
    handled: Sequence[int]


async def throughput(engine: AsyncEngine) -> Throughput:
    """Count them."""
    minutes = {"minutes": MINUTES}
    async with engine.connect() as connection:
        published = (await connection.execute(_PUBLISHED, minutes)).all()
        handled = (await connection.execute(_HANDLED, minutes)).all()
    return Throughput(_by_minute(published), _by_minute(handled))


def _by_minute(counted: Iterable[Row[Any]]) -> Sequence[int]:
    counts = {minute.ago: minute.events for minute in counted}
    return [counts.get(ago, 0) for ago in reversed(range(MINUTES))]

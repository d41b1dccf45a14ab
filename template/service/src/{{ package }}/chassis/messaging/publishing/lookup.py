"""Looking published events up by their ids: which of them does their stream no longer have?"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..redis import Broker, number

_MARKS = text("SELECT stream, trimmed_below FROM stream_marks")


async def lost_of(
    rows: Sequence[Row[Any]], engine: AsyncEngine, broker: Broker, key_prefix: str
) -> list[Row[Any]]:
    """Those rows of `outbox_sent` (`stream`, `stream_id`, `event_id`) whose entries are gone, and
    were not trimmed on purpose."""
    by_stream: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_stream[row.stream].append(row)
    gone: list[Row[Any]] = []
    for stream, members in by_stream.items():
        pairs = [part for row in members for part in (row.stream_id, str(row.event_id))]
        missing = set(await broker.run("missing", key_prefix + stream, *pairs))
        gone += [row for row in members if row.stream_id.encode() in missing]
    if not gone:
        return []
    # Read after the look: the janitor writes its mark before it trims.
    async with engine.connect() as connection:
        marks = {mark.stream: mark.trimmed_below for mark in await connection.execute(_MARKS)}
    return [row for row in gone if number(row.stream_id) >= number(marks.get(row.stream, "0"))]

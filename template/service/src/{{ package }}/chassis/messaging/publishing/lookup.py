"""Looking published events up by their ids: which of them does their stream no longer have?"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...errors import BrokerRefused
from ..redis import Broker, number

_MARK = text("SELECT trimmed_below FROM stream_marks WHERE stream = :stream")


async def lost_from(
    stream: str, rows: Sequence[Row[Any]], engine: AsyncEngine, broker: Broker, key_prefix: str
) -> list[Row[Any]]:
    """Those of one stream's rows of `outbox_sent` (`stream_id`, `event_id`) whose entries are
    gone, and were not trimmed on purpose. Raises BrokerUnavailable or a database error."""
    pairs = [part for row in rows for part in (row.stream_id, str(row.event_id))]
    missing = set(await broker.run("missing", key_prefix + stream, *pairs))
    if not missing:
        return []
    # Read after the look: the janitor writes its mark before it trims.
    async with engine.connect() as connection:
        mark = (await connection.execute(_MARK, {"stream": stream})).scalar_one_or_none()
    gone = [row for row in rows if row.stream_id.encode() in missing]
    return [row for row in gone if number(row.stream_id) >= number(mark or "0")]


async def lost_of(
    rows: Sequence[Row[Any]], engine: AsyncEngine, broker: Broker, key_prefix: str
) -> tuple[list[Row[Any]], str | None]:
    """The same for rows of several streams, and why one of them refused, if one did. The others
    do not wait for it: it is to be looked at another time."""
    lost, refused = list[Row[Any]](), None
    for stream in {row.stream for row in rows}:
        members = [row for row in rows if row.stream == stream]
        try:
            lost += await lost_from(stream, members, engine, broker, key_prefix)
        except BrokerRefused as error:
            refused = str(error)
    return lost, refused

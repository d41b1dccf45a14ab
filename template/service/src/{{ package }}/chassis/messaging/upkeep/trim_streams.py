"""Trimming: takes out of a stream what is old and acknowledged by every group.

Before anything goes, the mark below which entries may be missing is committed to Postgres: what
is missing above it was lost, and is repaired.
"""

from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..observing.metrics import STREAM_TRIMMED
from ..redis import Broker, written
from .inspection import inspect_stream
from .purge_tables import in_small_batches

CHUNK = 1000
"""Entries that one command removes, at most: Redis does nothing else meanwhile."""

_MARK = text("""
    INSERT INTO stream_marks AS mark (stream, trimmed_below) VALUES (:stream, :below)
    ON CONFLICT (stream) DO UPDATE SET trimmed_below = excluded.trimmed_below
    WHERE string_to_array(mark.trimmed_below, '-')::numeric[]
        < string_to_array(excluded.trimmed_below, '-')::numeric[]
""")

log = structlog.get_logger()


class Trimmer:
    """Trims streams of this service's own."""

    def __init__(
        self, engine: AsyncEngine, broker: Broker, *, key_prefix: str, retention: timedelta
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._key_prefix = key_prefix
        self._retention = retention

    async def trim(self, stream: str, *, unread_too: bool = False) -> None:
        """Trim one stream; with `unread_too` even if no group has ever read it."""
        key = self._key_prefix + stream
        contents = await inspect_stream(self._broker, key)
        if contents is None:
            return
        below = contents.trimmable_below(self._retention, unread_too=unread_too)
        if below <= contents.oldest:
            return
        async with self._engine.begin() as transaction:
            await transaction.execute(_MARK, {"stream": stream, "below": written(below)})
        chunk = partial(trim_chunk, self._broker, key, below)
        count = await in_small_batches(chunk, STREAM_TRIMMED.labels(stream))
        log.info("janitor.trimmed", stream=stream, count=count, below=written(below))


async def trim_chunk(broker: Broker, key: str, below: int) -> int:
    """Remove some of the entries below an id; returns how many, 0 when none is left.

    First whole nodes of the stream, which is cheap and can be limited; what is then left in
    the last of them is little.
    """
    minid = written(below)
    with broker.translated():
        removed: int = await broker.client.xtrim(key, minid=minid, approximate=True, limit=CHUNK)
        return removed or await broker.client.xtrim(key, minid=minid, approximate=False)

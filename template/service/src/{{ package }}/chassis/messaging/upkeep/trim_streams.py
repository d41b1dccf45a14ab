"""Trimming: takes out of a stream what is old and no group needs, or what is older than allowed.

Before anything goes, the mark below which entries may be missing is committed to Postgres: what
is missing above it was lost, and is repaired.
"""

from datetime import timedelta
from functools import partial

import structlog
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..metrics import STREAM_CUT, STREAM_TRIMMED
from ..redis import Broker, written
from .contents import Contents, Reader, look, loss, settled
from .pace import in_batches

BITE = 1000
"""Entries that one command removes, at most: Redis does nothing else meanwhile."""

_MARK = text("""
    INSERT INTO stream_marks AS mark (stream, trimmed_below) VALUES (:stream, :below)
    ON CONFLICT (stream) DO UPDATE SET trimmed_below = excluded.trimmed_below
    WHERE string_to_array(mark.trimmed_below, '-')::numeric[]
        < string_to_array(excluded.trimmed_below, '-')::numeric[]
""")

log = structlog.get_logger()


class Trimmer:
    """Trims streams of this service's own. `retention` asks every group, `at_most` none."""

    def __init__(
        self,
        engine: AsyncEngine,
        broker: Broker,
        *,
        key_prefix: str,
        retention: timedelta,
        at_most: timedelta | None,
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._key_prefix = key_prefix
        self._retention = retention
        self._at_most = at_most

    async def trim(self, stream: str, *, unread_too: bool = False) -> None:
        """Trim one stream; with `unread_too` even if no group has ever read it."""
        key = self._key_prefix + stream
        contents = await look(self._broker, key)
        if contents is None:
            return
        for reader in contents.readers:
            _lost(stream, reader)  # begins at 0, so that its first increase is seen
        below = unneeded = settled(contents, self._retention, unread_too=unread_too)
        if self._at_most is not None:
            below = max(unneeded, contents.older_than(self._at_most))
        if below <= contents.oldest:
            return
        async with self._engine.begin() as transaction:
            await transaction.execute(_MARK, {"stream": stream, "below": written(below)})
        if below > unneeded:
            await self._tell_of_loss(stream, contents, below)
        bites = partial(bite, self._broker, key, below)
        count = await in_batches(bites, STREAM_TRIMMED.labels(stream))
        log.info("janitor.trimmed", stream=stream, count=count, below=written(below))

    async def _tell_of_loss(self, stream: str, contents: Contents, below: int) -> None:
        """Count and log for each group what is about to be cut, though it is not done with it."""
        for reader in contents.readers:
            key = self._key_prefix + stream
            lost = await loss(self._broker, key, reader, contents.oldest, below)
            if not lost.unread + lost.pending:
                continue
            unread, pending = _lost(stream, reader)
            unread.inc(lost.unread)
            pending.inc(lost.pending)
            log.error(
                "janitor.cut",
                stream=stream,
                group=_name(reader),
                unread=lost.unread,
                pending=lost.pending,
                stream_ids=lost.stream_ids,
            )


def _name(reader: Reader) -> str:
    return reader.name.decode("utf-8", "replace")


def _lost(stream: str, reader: Reader) -> tuple[Counter, Counter]:
    """What counts the entries cut that a group had not read, or had not decided on."""
    labels = (stream, _name(reader))
    return STREAM_CUT.labels(*labels, "unread"), STREAM_CUT.labels(*labels, "pending")


async def bite(broker: Broker, key: str, below: int) -> int:
    """Remove some of the entries below an id; returns how many, 0 when none is left.

    First whole nodes of the stream, which is cheap and can be limited; what is then left in
    the last of them is little.
    """
    minid = written(below)
    with broker.translated():
        removed: int = await broker.client.xtrim(key, minid=minid, approximate=True, limit=BITE)
        return removed or await broker.client.xtrim(key, minid=minid, approximate=False)

"""The unpublished rows of one batch, as its transaction has them: locked, read, and moved."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

PARTS = 20
"""In so many parts a full batch is read, published and moved. While Redis takes one, its other
clients wait."""
PART_BYTES = 4 * 1024 * 1024
FROZEN = 5.0
"""Seconds after which a session that did nothing else may have been ended by Postgres."""

Part = Sequence[Row[Any]]
"""Rows of the outbox, oldest first; an empty one is the end of the batch."""

# One relay works at a time, so that order holds. The lock ends with its transaction, whatever
# becomes of the process. Its own statement: the next one must see what the last holder committed.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('outbox.relay'))")
_OLDEST = text("""
    SELECT id, stream, CAST(attributes AS text) AS attributes, data,
           CASE WHEN bytes_before = 0
                THEN CAST(extract(epoch FROM clock_timestamp() - created_at) AS float8) END AS age
    FROM (
        SELECT id, stream, attributes, data, created_at,
               sum(octet_length(data)) OVER (ORDER BY id) - octet_length(data) AS bytes_before
        FROM (
            SELECT * FROM outbox WHERE id > :after AND stream <> ALL(CAST(:without AS text[]))
            ORDER BY id LIMIT :size
        ) AS oldest
    ) AS measured
    WHERE bytes_before < :bytes ORDER BY id
""")
# It cannot fail on data: an event that was sent before only gets its newest place. DISTINCT ON,
# because one INSERT may not meet the same conflict twice.
_MOVE = text("""
    WITH moved AS (DELETE FROM outbox WHERE id = ANY(:ids) RETURNING *)
    INSERT INTO outbox_sent (event_id, id, stream, stream_id, attributes, data, created_at)
    SELECT DISTINCT ON (event_id)
           event_id, id, stream, sent.stream_id, attributes, data, created_at
    FROM moved JOIN unnest(CAST(:ids AS bigint[]), CAST(:stream_ids AS text[]))
         AS sent(id, stream_id) USING (id)
    ORDER BY event_id, id DESC
    ON CONFLICT (event_id) DO UPDATE
    SET id = excluded.id, stream_id = excluded.stream_id, sent_at = now()
""")


class PendingBatch:
    """At most `size` rows behind the row `after`, without those of the streams `left_out`."""

    def __init__(
        self, transaction: AsyncConnection, *, after: int, left_out: Sequence[str], size: int
    ) -> None:
        self.more = True
        self.last = after
        self._transaction = transaction
        self._left_out = left_out
        self._left = size
        self._part = max(1, size // PARTS)

    async def lock(self) -> bool:
        """Whether no other relay works; none will until the transaction ends."""
        return bool((await self._transaction.execute(_LOCK)).scalar_one())

    async def first_part(self) -> Part:
        """The oldest rows; none if there are none, or another relay works.

        Raises a database error if the session was lost meanwhile, and with it the lock, as
        happens to a process that was frozen.
        """
        started = monotonic()
        part = await self.next_part() if await self.lock() else []
        if part and monotonic() - started > FROZEN:
            await self._transaction.execute(text("SELECT 1"))
        return part

    async def next_part(self) -> Part:
        """The oldest rows that were not read yet; none when that was all, or enough."""
        size = min(self._part, self._left)
        if not self.more or not size:
            return []
        limits = {"after": self.last, "without": self._left_out, "size": size, "bytes": PART_BYTES}
        rows = (await self._transaction.execute(_OLDEST, limits)).all()
        self._left -= len(rows)
        self.more = len(rows) == size
        if rows:
            self.last = rows[-1].id
        return rows

    async def move(self, stream_ids: Mapping[int, str]) -> None:
        """Move rows to `outbox_sent`, with the ids that their entries have in the stream."""
        if stream_ids:
            ids, places = list(stream_ids), list(stream_ids.values())
            await self._transaction.execute(_MOVE, {"ids": ids, "stream_ids": places})

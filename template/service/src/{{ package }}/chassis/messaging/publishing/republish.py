"""Publishing events again: their rows go back into the outbox under their old ids.

The ordinary relay does the rest, in their old order; the inboxes of the consumers make it harmless.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

PAGE = 500
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

# By event and place: what was published once more in the meantime is no longer at that place.
# One whose number is taken, as after a restored backup, waits until it is free.
_PUT_BACK = text("""
    WITH back AS (
        DELETE FROM outbox_sent
        USING unnest(CAST(:event_ids AS uuid[]), CAST(:stream_ids AS text[]))
              AS chosen(event_id, stream_id)
        WHERE outbox_sent.event_id = chosen.event_id AND outbox_sent.stream_id = chosen.stream_id
          AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = outbox_sent.id)
        RETURNING id, outbox_sent.event_id, stream, attributes, data, created_at
    )
    INSERT INTO outbox (id, event_id, stream, attributes, data, created_at)
    SELECT id, event_id, stream, attributes, data, created_at FROM back
""")
_PAGE_OF = text("""
    SELECT event_id, stream_id, sent_at FROM outbox_sent
    WHERE sent_at >= :since AND created_at >= :since AND created_at < :until
      AND (sent_at, event_id) > (:sent_at, CAST(:after AS uuid))
      AND (CAST(:event_id AS uuid) IS NULL OR event_id = CAST(:event_id AS uuid))
      AND (CAST(:event_type AS text) IS NULL OR attributes ->> 'ce_type' = :event_type)
    ORDER BY sent_at, event_id LIMIT :page
""")


@dataclass(frozen=True, slots=True)
class Published:
    """Which published events: all that fit what is given. Times are those of their commits."""

    since: datetime = ALWAYS
    until: datetime = NEVER
    event_id: UUID | None = None
    event_type: str | None = None


async def put_back(transaction: AsyncConnection, rows: Sequence[Row[Any]]) -> None:
    """Move rows of `outbox_sent`, known by `event_id` and `stream_id`, back into the outbox."""
    chosen = {
        "event_ids": [row.event_id for row in rows],
        "stream_ids": [row.stream_id for row in rows],
    }
    await transaction.execute(_PUT_BACK, chosen)


async def republish(
    engine: AsyncEngine, published: Published, *, dry_run: bool = False
) -> AsyncIterator[int]:
    """Put the events back, page by page, each in a transaction; yields their numbers."""
    position: dict[str, object] = {"sent_at": published.since, "after": UUID(int=0)}
    while True:
        page = asdict(published) | position | {"page": PAGE}
        async with engine.begin() as transaction:
            rows = (await transaction.execute(_PAGE_OF, page)).all()
            if rows and not dry_run:
                await put_back(transaction, rows)
        if not rows:
            return
        position = {"sent_at": rows[-1].sent_at, "after": rows[-1].event_id}
        yield len(rows)

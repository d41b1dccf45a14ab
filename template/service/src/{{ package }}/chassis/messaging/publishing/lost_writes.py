"""Lost writes: published events that Redis no longer has, found by id and put back into the outbox.

Redis may lose what it acknowledged: in a failover, a flush, a restart without its last writes.
Its own counters do not tell. So the newest published events are looked up again and again; if one
is missing, or Redis is another server than before, so are all that were not trimmed on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...db import answer_within
from ..observing.health import Health
from ..observing.metrics import LOST_WRITES
from ..redis import Broker
from .lookup import lost_of
from .republish import put_back

INTERVAL = 30.0
"""Seconds between looks at the newest events."""
PATIENCE = 30.0
"""Seconds that one of them may take: the connection to Postgres may be dead and not know it."""
PAGE = 500
AT_ONCE = 20
"""Pages of a full look that come before anything else is published; the others come one by one
between batches."""

_PAGE = text("""
    SELECT event_id, stream, stream_id, sent_at FROM outbox_sent
    WHERE CAST(:after AS uuid) IS NULL OR (sent_at, event_id) < (:sent_at, CAST(:after AS uuid))
    ORDER BY sent_at DESC, event_id DESC LIMIT :page
""")
_KNOWN = text("SELECT server FROM broker_seen")
_REMEMBER = text("""
    INSERT INTO broker_seen (id, server) VALUES (1, :server)
    ON CONFLICT (id) DO UPDATE SET server = excluded.server, seen_at = now()
""")
_FORGET = text("DELETE FROM broker_seen")

log = structlog.get_logger()


@dataclass(slots=True)
class FullLook:
    """How far a look at everything on one server has come, newest first, and what it found;
    `refused` says why a stream could not be looked at."""

    server: str
    last: Row[Any] | None = None
    lost: int = 0
    refused: str | None = None


class LostWrites:
    """Looks for lost writes of one service; it repairs them if `repair`, else it only reports."""

    def __init__(
        self, engine: AsyncEngine, broker: Broker, health: Health, *, key_prefix: str, repair: bool
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._health = health
        self._key_prefix = key_prefix
        self._repair = repair
        self._connections = -1
        self._next_look = float("-inf")
        self._full_look: FullLook | None = None

    @property
    def busy(self) -> bool:
        """Whether a look at everything is under way."""
        return self._full_look is not None

    async def look(self) -> bool:
        """Called before every batch: looks at the newest events when it is time, and at once on
        a new connection, behind which may be another server. Whether events were put back.

        Raises BrokerUnavailable or a database error; events may have been put back before.
        """
        await self._broker.ping()
        async with answer_within(PATIENCE):
            connections = self._broker.connections
            if connections != self._connections or monotonic() > self._next_look:
                put_back = await self._look_at_newest()
                self._connections, self._next_look = connections, monotonic() + INTERVAL
            else:
                put_back = await self._go_on(pages=1)
        return put_back

    async def _look_at_newest(self) -> bool:
        """Look through everything if the newest are not all there, or the server is another."""
        server = await self._broker.identity()
        complete = self._full_look.server if self._full_look else await self._known_server()
        lost, refused = await self._lost(await self._page(None))
        if lost or server != complete:
            self._full_look = FullLook(server)
            return await self._go_on(pages=AT_ONCE)
        if self._full_look is None:
            self._report(refused, repaired=True)
        return await self._go_on(pages=1)

    async def _go_on(self, pages: int) -> bool:
        """Look at further pages of a full look, if there is one; whether events were put back."""
        put_back = False
        for _ in range(pages):
            if (look := self._full_look) is None:
                break
            if rows := await self._page(look.last):
                put_back |= await self._look_at(look, rows)
                look.last = rows[-1]
            else:
                await self._end(look)
        return put_back

    async def _look_at(self, look: FullLook, rows: Sequence[Row[Any]]) -> bool:
        lost, refused = await self._lost(rows)
        look.refused = refused or look.refused
        if not lost:
            return False
        look.lost += len(lost)
        LOST_WRITES.inc(len(lost))
        named = [str(row.event_id) for row in lost[:10]]
        log.error("outbox.lost_writes", count=len(lost), repaired=self._repair, event_ids=named)
        if self._repair:
            async with self._engine.begin() as transaction:
                await put_back(transaction, lost)
                # Until the look has ended: who takes over from here must look at everything too.
                await transaction.execute(_FORGET)
        self._health.failing("lost writes", f"Redis has lost {look.lost} published events")
        return self._repair

    async def _end(self, look: FullLook) -> None:
        if look.refused is None:
            async with self._engine.begin() as transaction:
                await transaction.execute(_REMEMBER, {"server": look.server})
        self._full_look = None
        self._report(look.refused, repaired=self._repair or not look.lost)
        log.info("outbox.verified", lost=look.lost)

    def _report(self, refused: str | None, *, repaired: bool) -> None:
        if refused is not None:
            self._health.failing("lost writes", refused)
        elif repaired:
            self._health.working("lost writes")

    async def _known_server(self) -> str | None:
        """The server that was last found complete."""
        async with self._engine.connect() as connection:
            return (await connection.execute(_KNOWN)).scalar_one_or_none()

    async def _page(self, last: Row[Any] | None) -> Sequence[Row[Any]]:
        after = {"after": last and last.event_id, "sent_at": last and last.sent_at, "page": PAGE}
        async with self._engine.connect() as connection:
            return (await connection.execute(_PAGE, after)).all()

    async def _lost(self, rows: Sequence[Row[Any]]) -> tuple[list[Row[Any]], str | None]:
        return await lost_of(rows, self._engine, self._broker, self._key_prefix)

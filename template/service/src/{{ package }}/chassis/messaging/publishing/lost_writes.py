"""Lost writes: published events that Redis no longer has, found by id and put back into the outbox.

Redis may lose what it acknowledged: in a failover, a flush, a restart without its last writes.
Its own counters do not tell. So the newest published events are looked up again and again; if one
is missing, or Redis is another server than before, so are all that were not trimmed on purpose.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...errors import BrokerRefused, DatabaseUnavailable
from ..metrics import LOST_WRITES
from ..observing.health import Health
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
    """How far a look at everything has come, newest first, and what it found."""

    server: str
    last: Row[Any] | None = None
    lost: int = 0
    finished: bool = False


class LostWrites:
    """Looks for lost writes of one service, and repairs them unless it is told only to tell."""

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
        self._refused: str | None = None
        self._put_back = False

    @property
    def busy(self) -> bool:
        """Whether a look at everything is under way."""
        return self._full_look is not None

    async def look(self) -> bool:
        """Called before every batch: looks at the newest events when it is time, and at once on
        a new connection, behind which may be another server. Whether events were put back.

        Raises BrokerUnavailable or a database error.
        """
        await self._broker.ping()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._look()
        except TimeoutError as error:
            raise DatabaseUnavailable(f"no answer from Postgres in {PATIENCE} s") from error
        put_back, self._put_back = self._put_back, False
        return put_back

    async def _look(self) -> None:
        connections = self._broker.connections
        if connections != self._connections or monotonic() > self._next_look:
            await self._look_at_newest()
            self._connections, self._next_look = connections, monotonic() + INTERVAL
        elif self._full_look is not None:
            await self._go_on(self._full_look, pages=1)

    async def _look_at_newest(self) -> None:
        server = await self._broker.identity()
        async with self._engine.connect() as connection:
            known = (await connection.execute(_KNOWN)).scalar_one_or_none()
        under_way = self._full_look is not None and self._full_look.server == server
        if not under_way:
            self._refused = None
        if (server != known and not under_way) or await self._lost(await self._page(None)):
            self._full_look = FullLook(server)
            await self._go_on(self._full_look, pages=AT_ONCE)
        elif self._full_look is not None:
            await self._go_on(self._full_look, pages=1)
        else:
            self._tell(repaired=True)

    async def _go_on(self, full_look: FullLook, pages: int) -> None:
        for _ in range(pages):
            rows = await self._page(full_look.last)
            full_look.finished = not rows
            if full_look.finished:
                break
            await self._treat(full_look, await self._lost(rows))
            full_look.last = rows[-1]
        if full_look.finished:
            await self._end(full_look)

    async def _treat(self, full_look: FullLook, lost: Sequence[Row[Any]]) -> None:
        if not lost:
            return
        full_look.lost += len(lost)
        LOST_WRITES.inc(len(lost))
        log.error(
            "outbox.lost_writes",
            count=len(lost),
            repaired=self._repair,
            event_ids=[str(row.event_id) for row in lost[:10]],
        )
        if self._repair:
            self._put_back = True
            async with self._engine.begin() as transaction:
                await put_back(transaction, lost)
                # Until the look has ended: who takes over from here must look at everything too.
                await transaction.execute(_FORGET)
        self._health.failing("lost writes", f"Redis has lost {full_look.lost} published events")

    async def _end(self, full_look: FullLook) -> None:
        if self._refused is None:
            async with self._engine.begin() as transaction:
                await transaction.execute(_REMEMBER, {"server": full_look.server})
        self._full_look = None
        self._tell(repaired=self._repair or not full_look.lost)
        log.info("outbox.verified", lost=full_look.lost)

    def _tell(self, *, repaired: bool) -> None:
        if self._refused is not None:
            self._health.failing("lost writes", self._refused)
        elif repaired:
            self._health.working("lost writes")

    async def _page(self, last: Row[Any] | None) -> Sequence[Row[Any]]:
        after = {"after": last and last.event_id, "sent_at": last and last.sent_at, "page": PAGE}
        async with self._engine.connect() as connection:
            return (await connection.execute(_PAGE, after)).all()

    async def _lost(self, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Those that are gone. A stream that refuses is looked at again another time: the others
        do not wait for it."""
        lost: list[Row[Any]] = []
        for stream in {row.stream for row in rows}:
            members = [row for row in rows if row.stream == stream]
            try:
                lost += await lost_of(members, self._engine, self._broker, self._key_prefix)
            except BrokerRefused as error:
                self._refused = str(error)
        return lost

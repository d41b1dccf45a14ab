"""The audit: proves from the data at hand that no event was lost, and none both applied and dead.

Compared are what was published with the stream; what a group read with its pending list and the
inbox, handler by handler; and the dead letters with the inbox. A second entry of one event is a
repeat, no double effect. What was trimmed on purpose, is not read yet, or is older than the
oldest event a handler decided on is not compared. All is read in pages: memory does not grow.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from redis.exceptions import ResponseError
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import Uuid

from ..envelope import Envelope, Undecodable, parse
from ..handlers import Handler
from ..publishing.lookup import lost_from
from ..redis import Broker

PAGE = 500
NAMED = 100
"""How many ids of each finding are named; all are counted."""

_SENT = text("""
    SELECT event_id, stream, stream_id FROM outbox_sent
    WHERE stream = :stream AND event_id > CAST(:after AS uuid) ORDER BY event_id LIMIT :page
""")
_OLDEST = text("""
    SELECT event_id FROM inbox WHERE handler = :handler ORDER BY event_id LIMIT 1
""")
_DECIDED = text("""
    SELECT event_id FROM inbox WHERE handler = :handler AND event_id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(Uuid)))
_DISAGREEMENTS = {
    "applied and dead": """
        FROM dead_letters JOIN inbox USING (handler, event_id)
        WHERE dead_letters.state IN ('open', 'replay') AND inbox.state = 'done'
    """,
    "dead letter without a decision": """
        FROM dead_letters LEFT JOIN inbox USING (handler, event_id)
        WHERE dead_letters.state IN ('open', 'replay') AND inbox.state IS NULL
    """,
    "dead without a dead letter": """
        FROM inbox LEFT JOIN dead_letters USING (handler, event_id)
        WHERE inbox.state = 'dead' AND dead_letters.state IS NULL
    """,
}


@dataclass(slots=True)
class Report:
    """How many things were compared, and what failed."""

    compared: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    event_ids: dict[str, list[str]] = field(default_factory=dict)

    def count(self, what: str, number: int) -> None:
        """Note that so many were compared."""
        self.compared[what] = self.compared.get(what, 0) + number

    def find(self, what: str, event_ids: Sequence[UUID], number: int | None = None) -> None:
        """Note what failed: for these events, of `number` in all."""
        if event_ids:
            total = len(event_ids) if number is None else number
            self.findings[what] = self.findings.get(what, 0) + total
            named = self.event_ids.setdefault(what, [])
            named.extend(str(event_id) for event_id in event_ids[: NAMED - len(named)])


class Audit:
    """Audits one service's own streams, and the streams that its group reads."""

    def __init__(self, engine: AsyncEngine, broker: Broker, *, key_prefix: str, group: str) -> None:
        self._engine = engine
        self._broker = broker
        self._key_prefix = key_prefix
        self._group = group
        self.report = Report()

    async def published(self, stream: str) -> None:
        """Is everything that was sent to the stream in it?"""
        after = UUID(int=0)
        while True:
            page = {"stream": stream, "after": after, "page": PAGE}
            async with self._engine.connect() as connection:
                rows = (await connection.execute(_SENT, page)).all()
            if not rows:
                return
            after = rows[-1].event_id
            self.report.count(f"published on {stream}", len(rows))
            lost = await lost_from(stream, rows, self._engine, self._broker, self._key_prefix)
            self.report.find(f"lost from {stream}", [row.event_id for row in lost])

    async def consumed(self, stream: str, handlers: Mapping[str, Sequence[Handler]]) -> None:
        """Has every handler decided on everything that was read and is not pending?"""
        own = [h for of_type in handlers.values() for h in of_type if _stream_of(h) == stream]
        since = {handler.name: await self._oldest(handler) for handler in own}
        async for page in self._entries_read(stream):
            for handler in own:
                expected = {
                    envelope.event_id: stream_id
                    for stream_id, envelope in page
                    if envelope.type == str(handler.event.event_type)
                    and since[handler.name] <= envelope.event_id
                }
                self.report.count(f"read by {handler.name}", len(expected))
                await self._undecided(stream, handler, expected)

    async def _undecided(self, stream: str, handler: Handler, expected: dict[UUID, str]) -> None:
        missing = expected.keys() - await self._decided(handler, expected)
        gone = [e for e in missing if not await self._is_pending(stream, expected[e])]
        # Asked again: it may have been decided between the two questions.
        lost = sorted(set(gone) - await self._decided(handler, gone))
        self.report.find(f"not decided by {handler.name}", lost)

    async def decided(self) -> None:
        """Do the inbox and the dead letters agree?"""
        async with self._engine.connect() as connection:
            for what, joined in _DISAGREEMENTS.items():
                total = (await connection.execute(text(f"SELECT count(*) {joined}"))).scalar_one()
                named = await connection.scalars(text(f"SELECT event_id {joined} LIMIT {NAMED}"))
                self.report.find(what, list(named), total)
            counts = await connection.execute(
                text("SELECT state, count(*) AS number FROM inbox GROUP BY state ORDER BY state")
            )
            for row in counts:
                self.report.count(f"decided: {row.state}", row.number)

    async def _entries_read(self, stream: str) -> AsyncIterator[list[tuple[str, Envelope]]]:
        """What the group has read of the stream, page by page; entries that are no events are
        left out: they have no handler."""
        key, client = self._key_prefix + stream, self._broker.client
        with self._broker.translated():
            try:
                infos: Any = await client.xinfo_groups(key)
            except ResponseError:
                return
            ends = {info["name"]: info["last-delivered-id"].decode() for info in infos}
            after, last = "-", ends.get(self._group.encode(), "0-0")
            while True:
                entries: Any = await client.xrange(key, min=after, max=last, count=PAGE)
                if not entries:
                    return
                yield [found for entry in entries if (found := _parsed(entry))]
                after = f"({entries[-1][0].decode()}"

    async def _oldest(self, handler: Handler) -> UUID:
        """The oldest event that the handler decided on: ids begin with their time (UUIDv7)."""
        async with self._engine.connect() as connection:
            oldest = await connection.scalar(_OLDEST, {"handler": handler.name})
        return UUID(int=2**128 - 1) if oldest is None else UUID(str(oldest))

    async def _decided(self, handler: Handler, event_ids: Iterable[UUID]) -> set[UUID]:
        asked = {"handler": handler.name, "ids": list(event_ids)}
        async with self._engine.connect() as connection:
            return set(await connection.scalars(_DECIDED, asked))

    async def _is_pending(self, stream: str, stream_id: str) -> bool:
        with self._broker.translated():
            return bool(
                await self._broker.client.xpending_range(
                    self._key_prefix + stream, self._group, stream_id, stream_id, 1
                )
            )


def _stream_of(handler: Handler) -> str:
    return handler.event.event_type.stream


def _parsed(entry: Any) -> tuple[str, Envelope] | None:
    try:
        return entry[0].decode(), parse(entry[1])
    except Undecodable:
        return None

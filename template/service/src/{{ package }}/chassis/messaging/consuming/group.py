"""Redis Streams as consumers use them: one group's pending list.

All waiting, retrying and recovering happens in the group's pending list. An entry that was given
up on purpose belongs to the reserved consumer PARKED and is due when it has been idle for the
visibility timeout; parking sets its idle time, so any delay up to that timeout can be asked for.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from ..redis import PARKED, Broker, Delivery


class Claimed(NamedTuple):
    """One page of the pending list: what was taken, what had been trimmed, where to go on."""

    deliveries: Sequence[Delivery]
    trimmed: Sequence[str]
    cursor: str


@dataclass(slots=True, eq=False)
class Group:
    """One consumer of one group on one stream, whose key is the prefix and its name. Times are
    in milliseconds. `reader` is for the commands that block."""

    broker: Broker
    reader: Broker
    _: KW_ONLY
    key_prefix: str
    stream: str
    group: str
    consumer: str
    _unacked: set[str] = field(default_factory=set)
    _acking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def key(self) -> str:
        """The stream in Redis."""
        return self.key_prefix + self.stream

    async def ensure(self, start: str) -> None:
        """Create the stream and the group where they are missing, reading from `start`."""
        with self.broker.translated():
            try:
                await self.broker.client.xgroup_create(
                    self.key, self.group, id=start, mkstream=True
                )
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def read(self, count: int, block: int) -> list[Delivery]:
        """Take up to `count` new entries, waiting for the first of them.

        Never cancel this: what arrives after a cancelled read is pending and handled by nobody
        until it counts as an orphan. Raises GroupMissing.
        """
        with self.reader.translated():
            answer: Any = await self.reader.client.xreadgroup(
                self.group, self.consumer, {self.key: ">"}, count=count, block=block
            )
        return [
            Delivery(stream_id.decode(), fields, attempt=1)
            for _, entries in answer
            for stream_id, fields in entries
        ]

    async def claim(
        self, min_idle: int, cursor: str, free: int, candidates: int, in_hand: Iterable[str] = ()
    ) -> Claimed:
        """Take over up to `free` entries, none of them `in_hand` and at most so many of them poison
        candidates; one page from `cursor`.

        The first cursor and the one after the last page are `-`. Raises GroupMissing.
        """
        following, taken = await self.broker.run(
            "claim",
            self.key,
            *(self.group, self.consumer, PARKED, min_idle, cursor, free, candidates),
            *in_hand,
        )
        deliveries = [
            Delivery(
                entry[0].decode(),
                dict(zip(entry[1][::2], entry[1][1::2], strict=True)),
                attempt=entry[2],
                poison_candidate=bool(entry[3]),
            )
            for entry in taken
            if len(entry) > 1
        ]
        trimmed = [entry[0].decode() for entry in taken if len(entry) == 1]
        return Claimed(deliveries, trimmed, following.decode())

    async def park(self, stream_id: str, idle: int, deliveries: int) -> bool:
        """Give an entry up until it has been idle for the visibility timeout, of which `idle`
        has passed already; False if it is no longer this consumer's."""
        args = (self.group, self.consumer, PARKED, stream_id, max(0, idle), max(0, deliveries))
        return bool(await self.broker.run("park", self.key, *args))

    async def touch(self, stream_ids: Sequence[str]) -> list[str]:
        """The heartbeat of entries being handled; returns those that were taken over."""
        args = (self.group, self.consumer, *stream_ids)
        return [lost.decode() for lost in await self.broker.run("touch", self.key, *args)]

    async def ack(self, stream_ids: Iterable[str]) -> None:
        """Acknowledge entries for the whole group; those of other tasks that come while a command
        is under way go together with the next one."""
        self._unacked.update(stream_ids)
        async with self._acking:
            batch, self._unacked = self._unacked, set()
            if not batch:
                return  # another task's command took them along
            try:
                with self.broker.translated():
                    await self.broker.client.xack(self.key, self.group, *batch)
            except BaseException:
                self._unacked |= batch  # whoever waits tries again, and learns that it fails
                raise

    async def leave(self) -> bool:
        """Remove this consumer from the group; False if it still holds entries."""
        return bool(await self.broker.run("leave", self.key, self.group, self.consumer))

    async def age(self, stream_id: str) -> float:
        """Seconds since an entry was published, by the server's own clock."""
        with self.broker.translated():
            seconds, microseconds = await self.broker.client.time()
        return float(seconds + microseconds / 1e6 - int(stream_id.partition("-")[0]) / 1000)

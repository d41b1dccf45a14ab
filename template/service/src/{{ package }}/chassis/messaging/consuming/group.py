"""Redis Streams as the pipe uses them: publishing to a stream, and one group's pending list.

All waiting, retrying and recovering happens in the group's pending list. An entry that was given
up on purpose belongs to the reserved consumer PARKED and is due when it has been idle for the
visibility timeout; parking sets its idle time, so any delay up to that timeout can be asked for.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from ..redis import PARKED, Broker, Delivery


@dataclass(frozen=True, slots=True)
class Claimed:
    """One page of the pending list: what was taken, what had been trimmed, where to go on."""

    deliveries: Sequence[Delivery]
    trimmed: Sequence[str]
    cursor: str


class Group:
    """One consumer of one group on one stream, whose key is the prefix and its name. Times are
    in milliseconds. `reader` is for the commands that block."""

    def __init__(
        self,
        broker: Broker,
        reader: Broker,
        *,
        key_prefix: str,
        stream: str,
        group: str,
        consumer: str,
    ) -> None:
        self.stream = stream
        self.group = group
        self.consumer = consumer
        self._key = key_prefix + stream
        self._broker = broker
        self._reader = reader
        self._settled: set[str] = set()
        self._acking = asyncio.Lock()

    async def ensure(self, start: str) -> None:
        """Create the stream and the group where they are missing, reading from `start`."""
        with self._broker.translated():
            try:
                await self._broker.client.xgroup_create(
                    self._key, self.group, id=start, mkstream=True
                )
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def read(self, count: int, block: int) -> list[Delivery]:
        """Take up to `count` new entries, waiting for the first of them.

        Never cancel this: what arrives after a cancelled read is pending and handled by nobody
        until it counts as an orphan. Raises GroupMissing.
        """
        with self._reader.translated():
            answer: Any = await self._reader.client.xreadgroup(
                self.group, self.consumer, {self._key: ">"}, count=count, block=block
            )
        return [
            Delivery(stream_id.decode(), fields, attempt=1)
            for _, entries in answer
            for stream_id, fields in entries
        ]

    async def claim(
        self, min_idle: int, cursor: str, free: int, suspects: int, in_hand: Iterable[str] = ()
    ) -> Claimed:
        """Take over up to `free` entries, `suspects` of them suspects and none `in_hand`; one
        page from `cursor`.

        The first cursor and the one after the last page are `-`. Raises GroupMissing.
        """
        following, taken = await self._broker.run(
            "claim",
            self._key,
            *(self.group, self.consumer, PARKED, min_idle, cursor, free, suspects),
            *in_hand,
        )
        deliveries = [
            Delivery(
                entry[0].decode(),
                dict(zip(entry[1][::2], entry[1][1::2], strict=True)),
                attempt=entry[2],
                suspect=bool(entry[3]),
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
        return bool(await self._broker.run("park", self._key, *args))

    async def touch(self, stream_ids: Sequence[str]) -> list[str]:
        """The heartbeat of entries being handled; returns those that were taken over."""
        args = (self.group, self.consumer, *stream_ids)
        return [lost.decode() for lost in await self._broker.run("touch", self._key, *args)]

    async def ack(self, stream_ids: Iterable[str]) -> None:
        """Settle entries for the whole group. What is to be settled while a command is under way
        goes together with the next one."""
        self._settled.update(stream_ids)
        async with self._acking:
            if not (together := self._settled):
                return  # they went with another one's
            self._settled = set()
            try:
                with self._broker.translated():
                    await self._broker.client.xack(self._key, self.group, *together)
            except BaseException:
                self._settled |= together  # each of those who wait has to try, and be told
                raise

    async def leave(self) -> bool:
        """Remove this consumer from the group; False if it still holds entries."""
        return bool(await self._broker.run("leave", self._key, self.group, self.consumer))

    async def age(self, stream_id: str) -> float:
        """Seconds since an entry was published, by the server's own clock."""
        with self._broker.translated():
            seconds, microseconds = await self._broker.client.time()
        return float(seconds + microseconds / 1e6 - int(stream_id.partition("-")[0]) / 1000)

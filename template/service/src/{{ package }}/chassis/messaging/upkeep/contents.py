"""What is in a stream and who still needs it: the oldest entry, the groups, and their backlogs.

Ids are whole numbers here, the milliseconds in front of the last 64 bits: they compare, and the
next one is one more.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..redis import SEQUENCE_BITS, Broker, number, written

PAGE = 100
SHOWN = 20
"""Ids that are told of what was cut."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A group: the first id it has not been given, and the first it has not acknowledged."""

    name: bytes
    unread: int
    needed: int


@dataclass(frozen=True, slots=True)
class Contents:
    """A stream with entries: the oldest, the server's time in seconds, and who reads it."""

    oldest: int
    now: int
    readers: Sequence[Reader]

    @property
    def age(self) -> timedelta:
        """The age of the oldest entry by the server's own clock; 0 for one of the future."""
        return timedelta(milliseconds=max(0, self.now * 1000 - (self.oldest >> SEQUENCE_BITS)))

    def older_than(self, age: timedelta) -> int:
        """The id that all entries are below which are older than `age`."""
        return max(0, int((self.now - age.total_seconds()) * 1000)) << SEQUENCE_BITS


@dataclass(frozen=True, slots=True)
class Loss:
    """What a group loses when entries are cut before it has acknowledged them."""

    unread: int
    pending: int
    stream_ids: Sequence[str]


def settled(contents: Contents, retention: timedelta, *, unread_too: bool = False) -> int:
    """The id below which everything is older than `retention` and acknowledged by every group.

    What no group reads may be waiting for its first one: it is kept, unless `unread_too`.
    """
    if not contents.readers and not unread_too:
        return 0
    needed = (reader.needed for reader in contents.readers)
    return min([contents.older_than(retention), *needed])


async def look(broker: Broker, key: str) -> Contents | None:
    """What is in a stream; None if nothing is. Raises GroupMissing for one that goes just now."""
    with broker.translated():
        oldest: Any = await broker.client.xrange(key, count=1)
        if not oldest:
            return None
        now, _ = await broker.client.time()
        groups = await broker.client.xinfo_groups(key)
        readers = [await _reader(broker, key, group) for group in groups]
    return Contents(number(oldest[0][0]), now, readers)


async def _reader(broker: Broker, key: str, group: dict[str, Any]) -> Reader:
    """The pending list is asked for after the last id delivered: so whatever was delivered up to
    that id is either acknowledged or in the list."""
    unread = number(group["last-delivered-id"]) + 1
    pending: Any = await broker.client.xpending(key, group["name"])
    needed = min(unread, number(pending["min"])) if pending["pending"] else unread
    return Reader(group["name"], unread, needed)


async def loss(broker: Broker, key: str, reader: Reader, oldest: int, below: int) -> Loss:
    """Count what a group loses when everything below an id is cut."""

    async def unread(first: str, last: str) -> list[bytes]:
        ids: list[bytes] = await broker.run("ids", key, first, last, PAGE)
        return ids

    async def pending(first: str, last: str) -> list[bytes]:
        with broker.translated():
            found: Any = await broker.client.xpending_range(key, reader.name, first, last, PAGE)
        return [entry["message_id"] for entry in found]

    never_read, shown = await _count(unread, max(oldest, reader.unread), below)
    not_settled, more = await _count(pending, oldest, below)
    return Loss(never_read, not_settled, (more + shown)[:SHOWN])


async def _count(
    page: Callable[[str, str], Awaitable[list[bytes]]], start: int, below: int
) -> tuple[int, list[str]]:
    count, shown = 0, list[str]()
    while start < below and (ids := await page(written(start), written(below - 1))):
        count += len(ids)
        shown += [stream_id.decode() for stream_id in ids[: SHOWN - len(shown)]]
        start = number(ids[-1]) + 1
    return count, shown

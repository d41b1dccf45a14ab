"""What is in a stream and who still needs it: the oldest entry, and the groups.

Ids are whole numbers here, the milliseconds in front of the last 64 bits: they compare, and the
next one is one more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..redis import SEQUENCE_BITS, Broker, number


@dataclass(frozen=True, slots=True)
class StreamContents:
    """A stream with entries: the oldest, the server's time in seconds, and for each group the
    first id that it has not acknowledged."""

    oldest: int
    now: int
    first_unacked: Sequence[int]

    @property
    def age(self) -> timedelta:
        """The age of the oldest entry by the server's own clock; 0 for one of the future."""
        return timedelta(milliseconds=max(0, self.now * 1000 - (self.oldest >> SEQUENCE_BITS)))

    def trimmable_below(self, retention: timedelta, *, unread_too: bool = False) -> int:
        """The id below which everything is older than `retention` and acknowledged by every group.

        What no group reads may be waiting for its first one: it is kept, unless `unread_too`.
        """
        if not self.first_unacked and not unread_too:
            return 0
        old = max(0, int((self.now - retention.total_seconds()) * 1000)) << SEQUENCE_BITS
        return min([old, *self.first_unacked])


async def inspect_stream(broker: Broker, key: str) -> StreamContents | None:
    """What is in a stream; None if nothing is. Raises GroupMissing for one that goes just now."""
    with broker.translated():
        oldest: Any = await broker.client.xrange(key, count=1)
        if not oldest:
            return None
        now, _ = await broker.client.time()
        groups = await broker.client.xinfo_groups(key)
        first_unacked = [await _first_unacked(broker, key, group) for group in groups]
    return StreamContents(number(oldest[0][0]), now, first_unacked)


async def _first_unacked(broker: Broker, key: str, group: dict[str, Any]) -> int:
    """The pending list is asked for after the last id delivered: so whatever was delivered up to
    that id is either acknowledged or in the list."""
    unread = number(group["last-delivered-id"]) + 1
    pending: Any = await broker.client.xpending(key, group["name"])
    return min(unread, number(pending["min"])) if pending["pending"] else unread

"""Writing the events of one batch to their streams: what Redis took, refused, or did not answer."""

from collections import defaultdict
from collections.abc import Mapping
from time import monotonic
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Row

from ...errors import BrokerRefused, BrokerUnavailable
from ...tracing.messaging import sending
from ..observing.metrics import RELAY_PUBLISHED
from ..redis import Broker
from .pending_batch import Part

ENOUGH = 5.0
"""Seconds after which a batch takes no more events: what went out is to be recorded in time, or a
slow Redis would be given the same ones for ever."""


class StreamWriter:
    """Publishes the parts of one batch. `published` counts events; `accepted` and `refused` are
    the streams that took what they were given, and those that did not, with the reason."""

    def __init__(self, broker: Broker, key_prefix: str) -> None:
        self.published = 0
        self.accepted: set[str] = set()
        self.refused: dict[str, BrokerRefused] = {}
        self._outage: BrokerUnavailable | None = None
        self._broker = broker
        self._key_prefix = key_prefix
        self._connections = broker.connections
        self._until = monotonic() + ENOUGH

    @property
    def ended(self) -> bool:
        """Whether nothing more of this batch is published. Behind a new connection may be another
        server, to be looked at first."""
        late = self.published > 0 and monotonic() > self._until
        return bool(self._outage) or late or self._connections != self._broker.connections

    def check(self) -> None:
        """Raise BrokerUnavailable or BrokerRefused if events were kept back."""
        for error in (self._outage, *self.refused.values()):
            if error:
                raise error

    async def publish(self, part: Part) -> Mapping[int, str]:
        """Publish stream by stream until the batch ends; the stream ids of the rows that went out.
        Whatever Redis says against it is kept for `check`."""
        by_stream: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in part:
            by_stream[row.stream].append(row)
        stream_ids: dict[int, str] = {}
        for stream, rows in by_stream.items():
            # What follows a refusal would overtake what was refused.
            if stream not in self.refused and not self.ended:
                stream_ids |= await self._add(stream, rows)
        return stream_ids

    async def _add(self, stream: str, rows: list[Row[Any]]) -> Mapping[int, str]:
        entries = [(row.attributes, row.data) for row in rows]
        try:
            with sending(stream, (from_json(row.attributes) for row in rows)):
                added = await self._broker.publish(self._key_prefix + stream, entries)
        except BrokerRefused as error:
            self.refused[stream] = error  # this stream's own trouble: the others go on
            return {}
        except BrokerUnavailable as error:
            self._outage = error
            return {}
        self.accepted.add(stream)
        self.published += len(added)
        RELAY_PUBLISHED.labels(stream).inc(len(added))
        return dict(zip((row.id for row in rows), added, strict=True))

"""The outbox: events waiting, in the transaction that made them, to be published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pydantic_core import PydanticSerializationError
from sqlalchemy import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from ..errors import EventRefused, EventTooLarge, EventUnwritable
from ..tracing.messaging import created
from .envelope import JSON, SPEC_VERSION, Envelope, Undecodable, payload_of
from .events import DomainEvent
from .tables import outbox


@dataclass(frozen=True)
class OutboxRow:
    """One event in its wire form, by the columns of the table."""

    event_id: UUID
    stream: str
    attributes: Mapping[str, str]
    data: str


class Outbox:
    """The publishing side of one service. `max_bytes` bounds the payload of an event."""

    def __init__(self, source: str, max_bytes: int, notify: Callable[[], None]) -> None:
        self.source = source
        self.notify = notify
        self._max_bytes = max_bytes

    def row(self, event: DomainEvent, cause: Envelope | None = None) -> OutboxRow:
        """The event as it will travel. Whatever could make it unsendable is refused here, so
        that later every refusal is the broker's."""
        event_type = event.event_type
        if event_type.publisher != self.source:
            raise EventRefused(
                f"{event_type} is published by {event_type.publisher}; "
                f"{self.source} publishes only events of its own"
            )
        data = self._data(event)
        attributes = _attributes(
            event.event_id, self.source, str(event_type), event.aggregate_id, event.occurred_at
        )
        attributes |= _lineage(cause)
        attributes |= created(event_type.stream, attributes)
        return OutboxRow(event.event_id, event_type.stream, attributes, data)

    def _data(self, event: DomainEvent) -> str:
        try:
            data = event.data()
            size = len(data.encode())
            if size > self._max_bytes:
                raise EventTooLarge(
                    f"{event.event_type} has {size} bytes, "
                    f"more than the {self._max_bytes} of EVENT_MAX_BYTES"
                )
            payload_of(data)
        except PydanticSerializationError as error:
            raise EventUnwritable(f"{event.event_type} cannot be written as JSON") from error
        except Undecodable:
            raise EventUnwritable(
                f"{event.event_type} could not be read by its consumers: "
                "it is nested too deep, or has too long a number"
            ) from None
        return data

    def notice(self, stream: str, ce_type: str, subject: str, data: str) -> OutboxRow:
        """A message about messaging itself, such as the announcement of a dead letter."""
        event_id = uuid7()
        attributes = _attributes(event_id, self.source, ce_type, subject, datetime.now(UTC))
        return OutboxRow(event_id, stream, attributes | created(stream, attributes), data)

    def insert(self, session: Session, rows: Sequence[OutboxRow]) -> None:
        """Write the rows in the session's transaction."""
        if rows:
            session.execute(insert(outbox), [vars(row) for row in rows])


def _attributes(
    event_id: UUID, source: str, ce_type: str, subject: str, time: datetime
) -> dict[str, str]:
    return {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event_id),
        "ce_source": source,
        "ce_type": ce_type,
        "ce_subject": subject,
        "ce_time": time.isoformat().replace("+00:00", "Z"),
        "content-type": JSON,
    }


def _lineage(cause: Envelope | None) -> dict[str, str]:
    if cause is None:
        return {}
    return {"ce_causationid": str(cause.event_id), "ce_correlationid": cause.correlation_id}

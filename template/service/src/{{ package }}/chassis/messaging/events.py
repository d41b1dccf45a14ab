"""What every event is: an id, the aggregate it is about, the moment, and its type on the wire."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from uuid_utils.compat import uuid7

from ..errors import Misconfigured

_TYPE = re.compile(
    r"(?P<publisher>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.(?P<name>[A-Z][A-Za-z0-9]*)\.v(?P<version>[1-9]\d*)"
)
_STREAM = re.compile(r"[^\s{}]+")
IDENTITY = {"event_id", "aggregate_id", "occurred_at"}
"""The fields that travel as attributes, beside the payload."""


@dataclass(frozen=True, slots=True)
class EventType:
    """The identity of an event: who publishes it, its name and version, and its stream."""

    publisher: str
    name: str
    version: int
    stream: str

    def __str__(self) -> str:
        return f"{self.publisher}.{self.name}.v{self.version}"


class DomainEvent(BaseModel):
    """A fact about an aggregate, in the past tense.

    `event_id` (UUIDv7) and `occurred_at` (UTC) are made for each event. Fields that a newer
    publisher added are ignored, so that consumers can be upgraded later. A field that has an
    alias bears it on the wire, and its own name in Python.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True
    )
    event_type: ClassVar[EventType]

    # With aliases, so that no alias_generator renames what messaging goes by.
    event_id: UUID = Field(default_factory=uuid7, alias="event_id")
    aggregate_id: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")] = Field(
        alias="aggregate_id"
    )
    occurred_at: Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))] = Field(
        default_factory=lambda: datetime.now(UTC), alias="occurred_at"
    )

    def data(self) -> str:
        """The payload as JSON: every field but the three that travel as attributes."""
        return self.model_dump_json(exclude=IDENTITY, by_alias=True)

    @classmethod
    def of(cls, identity: Mapping[str, object], payload: Mapping[str, object]) -> Self:
        """The event that attributes and payload describe; raises pydantic's ValidationError."""
        return cls.model_validate({**payload, **identity}, by_alias=True, by_name=False)


_E = TypeVar("_E", bound=DomainEvent)
_registry: dict[str, type[DomainEvent]] = {}


def event(name: str, *, stream: str | None = None) -> Callable[[type[_E]], type[_E]]:
    """Give a class its type on the wire, such as `orders.OrderCreated.v1`.

    The stream is the publisher's own unless another is named.
    """
    match = _TYPE.fullmatch(name)
    if match is None:
        raise Misconfigured(f"{name!r} is no event type; write it as publisher.EventName.v1")
    stream = stream or match["publisher"]
    if not _STREAM.fullmatch(stream):
        raise Misconfigured(f"{stream!r} is no stream name; leave out spaces and braces")
    event_type = EventType(match["publisher"], match["name"], int(match["version"]), stream)

    def register(cls: type[_E]) -> type[_E]:
        other = _registry.get(name)
        if other is not None:
            raise Misconfigured(
                f"{name} is declared twice: by {other.__module__} and by {cls.__module__}"
            )
        cls.event_type = event_type
        _registry[name] = cls
        return cls

    return register


def registered_events() -> Mapping[str, type[DomainEvent]]:
    """Every event declared so far, by its type on the wire."""
    return _registry


def streams_published(publisher: str) -> set[str]:
    """Every stream that events of this publisher go to."""
    declared = [event.event_type for event in _registry.values()]
    return {event.stream for event in declared if event.publisher == publisher}


def streams_known() -> list[str]:
    """The streams that this code publishes to or reads."""
    return sorted({event.event_type.stream for event in _registry.values()})

"""The catalog: services, and each event with those who publish and consume it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from eventsmith.catalog.comparing import compare
from eventsmith.catalog.limits import Difference
from eventsmith.catalog.schemas import Schema
from eventsmith.schema.reading import EventType


@dataclass(frozen=True, slots=True)
class Side:
    """What one service says of an event. `problem` is why its contract cannot be read."""

    service: str
    place: str
    type: EventType
    publishes: bool
    consumes: bool
    stream: str | None
    contract: Schema | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A service of the catalog; `place` is its folder as it was named."""

    slug: str
    name: str
    description: str
    place: str
    sides: Sequence[Side]


class Status(StrEnum):
    """How a consumer's contract stands to the publisher's; unknown, if one of them is missing."""

    CURRENT = "current"
    BEHIND = "behind"
    BREAKS = "breaks"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Consumer:
    """A service that consumes an event, and how its contract differs from what is sent."""

    side: Side
    status: Status
    differences: Sequence[Difference]


@dataclass(frozen=True, slots=True)
class Event:
    """One version of an event; `versions` are all that are known of it, this one included."""

    type: EventType
    publications: Sequence[Side]
    consumers: Sequence[Consumer]
    versions: Sequence[int]

    @property
    def sides(self) -> list[Side]:
        """Who publishes it, then who consumes it; each service once."""
        theirs = [consumer.side for consumer in self.consumers]
        return [*self.publications, *(side for side in theirs if not side.publishes)]

    @property
    def contract(self) -> Schema | None:
        """The publisher's contract, else a consumer's."""
        return next((side.contract for side in self.sides if side.contract is not None), None)

    @property
    def stream(self) -> str | None:
        """The stream its publisher writes to, else the one that is read."""
        return next((side.stream for side in self.sides if side.stream), None)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Services by slug, and events by type."""

    members: Sequence[Member]
    events: Sequence[Event]

    def published_by(self, slug: str) -> list[Event]:
        """Return the events of which a service is the publisher."""
        return [e for e in self.events if any(side.service == slug for side in e.publications)]

    def consumed_by(self, slug: str) -> list[Event]:
        """Return the events that a service consumes, those of its own included."""
        return [e for e in self.events if any(one.side.service == slug for one in e.consumers)]


def catalog(members: Iterable[Member]) -> Catalog:
    """Bring together what the services say."""
    ordered = sorted(members, key=lambda member: (member.slug, member.place))
    by_type: dict[EventType, list[Side]] = {}
    for side in (side for member in ordered for side in member.sides):
        by_type.setdefault(side.type, []).append(side)
    types = sorted(by_type, key=lambda event: (event.publisher, event.name, event.version))
    return Catalog(ordered, [_event(event, by_type[event], types) for event in types])


def _event(event: EventType, sides: Sequence[Side], types: Sequence[EventType]) -> Event:
    publications = [side for side in sides if side.publishes]
    sent = publications[0] if publications else None
    consumers = [_consumer(side, sent) for side in sides if side.consumes]
    name = (event.publisher, event.name)
    versions = [other.version for other in types if (other.publisher, other.name) == name]
    return Event(event, publications, consumers, versions)


def _consumer(side: Side, sent: Side | None) -> Consumer:
    if side.contract is None or sent is None or sent.contract is None:
        return Consumer(side, Status.UNKNOWN, ())
    differences = compare(sent.contract, side.contract)
    if any(difference.breaking for difference in differences):
        return Consumer(side, Status.BREAKS, differences)
    return Consumer(side, Status.BEHIND if differences else Status.CURRENT, differences)

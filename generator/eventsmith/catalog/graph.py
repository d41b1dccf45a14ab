"""The picture of a catalog: publishers left, events by stream, consumers right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventsmith.catalog import layout
from eventsmith.catalog.layout import Box
from eventsmith.catalog.model import Catalog, Event, Status
from eventsmith.schema.reading import EventType

_Heights = Mapping[EventType, float]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A curve from left to right, and what is to be said of it."""

    path: str
    title: str
    dashed: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An event in the box of its stream, and the arrows to those who consume it."""

    event: Event
    y: float
    arrows: Sequence[Arrow]


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream with its events, and the arrows from those who publish to it."""

    name: str
    y: float
    height: float
    rows: Sequence[Row]
    arrows: Sequence[Arrow]


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that is drawn."""

    height: float
    services: Sequence[Box]
    streams: Sequence[Stream]


def graph(catalog: Catalog) -> Graph:
    """Return the picture."""
    streams = _by_stream(catalog)
    heights = {
        name: layout.HEAD + len(events) * layout.ROW + layout.FOOT
        for name, events in streams.items()
    }
    tops = layout.stacked(heights)
    at = {
        event.type: tops[name] + layout.HEAD + layout.ROW * (number + 0.5)
        for name, events in streams.items()
        for number, event in enumerate(events)
    }
    here = {member.slug for member in catalog.members}
    writers = layout.beside(_written(streams, tops), layout.LEFT, here)
    readers = layout.beside(_read(catalog, at), layout.RIGHT, here)
    ports = _ports(catalog, at, readers)
    drawn = [
        Stream(
            name,
            tops[name],
            heights[name],
            [Row(event, at[event.type], _outgoing(event, at, ports)) for event in events],
            [_incoming(name, tops[name], writers[slug]) for slug in _publishers(events)],
        )
        for name, events in streams.items()
    ]
    boxes = [*writers.values(), *readers.values()]
    ends = [box.y + box.height for box in boxes] + [one.y + one.height for one in drawn]
    return Graph(max(ends, default=0) + 2, boxes, drawn)


def _by_stream(catalog: Catalog) -> dict[str, list[Event]]:
    streams: dict[str, list[Event]] = {}
    for event in catalog.events:
        streams.setdefault(event.stream or "unknown", []).append(event)
    return streams


def _publishers(events: Sequence[Event]) -> list[str]:
    found = (
        slug
        for event in events
        for slug in [side.service for side in event.publications] or [event.type.publisher]
    )
    return sorted(set(found))


def _consumers(event: Event) -> dict[str, Status]:
    return {consumer.side.service: consumer.status for consumer in event.consumers}


def _written(
    streams: Mapping[str, Sequence[Event]], tops: Mapping[str, float]
) -> dict[str, list[float]]:
    """Return the heights of the streams that each publisher writes to."""
    found: dict[str, list[float]] = {}
    for name, events in streams.items():
        for slug in _publishers(events):
            found.setdefault(slug, []).append(tops[name] + layout.HEAD / 2)
    return found


def _read(catalog: Catalog, at: _Heights) -> dict[str, list[float]]:
    """Return the heights of the events that each consumer reads."""
    found: dict[str, list[float]] = {}
    for event in catalog.events:
        for slug in _consumers(event):
            found.setdefault(slug, []).append(at[event.type])
    return found


def _ports(
    catalog: Catalog, at: _Heights, readers: Mapping[str, Box]
) -> dict[tuple[EventType, str], tuple[float, float]]:
    """Return where in the box of a consumer the arrow of an event ends, from the top one down."""
    ports = {}
    for slug, box in readers.items():
        types = sorted((event.type for event in catalog.consumed_by(slug)), key=at.__getitem__)
        step = box.height / (len(types) + 1)
        for number, kind in enumerate(types, 1):
            ports[kind, slug] = (box.x, box.y + step * number)
    return ports


def _outgoing(
    event: Event, at: _Heights, ports: Mapping[tuple[EventType, str], tuple[float, float]]
) -> list[Arrow]:
    def arrow(slug: str, status: Status) -> Arrow:
        path = layout.curve(layout.CENTRE + layout.MIDDLE, at[event.type], *ports[event.type, slug])
        said = ", whose contract breaks" if status is Status.BREAKS else ""
        return Arrow(path, f"{event.type.name} to {slug}{said}", dashed=bool(said))

    return [arrow(slug, status) for slug, status in _consumers(event).items()]


def _incoming(stream: str, top: float, box: Box) -> Arrow:
    path = layout.curve(layout.LEFT + layout.SIDE, box.middle, layout.CENTRE, top + layout.HEAD / 2)
    return Arrow(path, f"{box.slug} to the stream {stream}", box.missing)

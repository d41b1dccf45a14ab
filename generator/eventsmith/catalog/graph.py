"""Where things stand in the picture: publishers left, events by stream, consumers right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventsmith.catalog.model import Catalog, Event, Status

WIDTH = 1080  # what all of this is in: units of the SVG
SIDE, MIDDLE, LEFT, RIGHT = 236, 330, 375, 844
ROW, HEAD, GAP, MARGIN = 26, 30, 18, 2
_PORT, _LOWEST = 13, 44


@dataclass(frozen=True, slots=True)
class Box:
    """A service, at one of the sides; a missing one is not in the catalog."""

    slug: str
    x: float
    y: float
    height: float
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """A curve from left to right; `into` is the service it ends at."""

    path: str
    into: str
    status: Status = Status.CURRENT


@dataclass(frozen=True, slots=True)
class Row:
    """An event, in the box of its stream."""

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
    """All of it."""

    height: float
    services: Sequence[Box]
    streams: Sequence[Stream]


def graph(catalog: Catalog) -> Graph:
    """Return the picture of a catalog."""
    streams: dict[str, list[Event]] = {}
    for event in catalog.events:
        streams.setdefault(event.stream or "unknown", []).append(event)
    heights = {name: HEAD + len(events) * ROW + 6 for name, events in streams.items()}
    tops = _tops(heights)
    middles = {
        event.type: tops[name] + HEAD + ROW * (number + 0.5)
        for name, events in streams.items()
        for number, event in enumerate(events)
    }
    here = {member.slug for member in catalog.members}
    writers = _boxes(_writers(streams, tops), MARGIN, here)
    readers = _boxes(
        _readers(catalog, {str(key): y for key, y in middles.items()}), RIGHT - MARGIN, here
    )
    ports = _ports(catalog, {str(key): y for key, y in middles.items()}, readers)
    drawn = [
        Stream(
            name,
            tops[name],
            heights[name],
            [_row(event, middles[event.type], ports) for event in events],
            _written(name, events, tops[name], writers),
        )
        for name, events in streams.items()
    ]
    boxes = [*writers.values(), *readers.values()]
    ends = [box.y + box.height for box in boxes] + [top + heights[n] for n, top in tops.items()]
    return Graph(max(ends, default=0) + MARGIN, boxes, drawn)


def _tops(heights: Mapping[str, float]) -> dict[str, float]:
    tops, y = {}, float(MARGIN)
    for name, height in heights.items():
        tops[name] = y
        y += height + GAP
    return tops


def _publishers(event: Event) -> list[str]:
    return sorted({side.service for side in event.publications} or {event.type.publisher})


def _writers(
    streams: Mapping[str, Sequence[Event]], tops: Mapping[str, float]
) -> dict[str, list[float]]:
    """Return the heights of the streams that each publisher writes to."""
    found: dict[str, list[float]] = {}
    for name, events in streams.items():
        for slug in sorted({slug for event in events for slug in _publishers(event)}):
            found.setdefault(slug, []).append(tops[name] + HEAD / 2)
    return found


def _readers(catalog: Catalog, middles: Mapping[str, float]) -> dict[str, list[float]]:
    """Return the heights of the events that each consumer reads."""
    found: dict[str, list[float]] = {}
    for event in catalog.events:
        for slug in sorted({consumer.side.service for consumer in event.consumers}):
            found.setdefault(slug, []).append(middles[str(event.type)])
    return found


def _boxes(wanted: Mapping[str, Sequence[float]], x: float, here: set[str]) -> dict[str, Box]:
    """Place boxes near what they are joined to, one below the other."""
    middle = {slug: sum(ys) / len(ys) for slug, ys in wanted.items()}
    boxes, y = {}, float(MARGIN)
    for slug in sorted(wanted, key=lambda slug: (middle[slug], slug)):
        height = max(_LOWEST, (len(wanted[slug]) + 1) * _PORT) if x > MARGIN else _LOWEST
        y = max(y, middle[slug] - height / 2)
        boxes[slug] = Box(slug, x, y, height, slug not in here)
        y += height + GAP
    return boxes


def _ports(
    catalog: Catalog, middles: Mapping[str, float], readers: Mapping[str, Box]
) -> dict[tuple[str, str], float]:
    """Return where in the box of a consumer the arrow of an event ends, from the top one down."""
    ports = {}
    for slug, box in readers.items():
        types = sorted(map(str, (e.type for e in catalog.consumed_by(slug))), key=middles.__getitem__)
        step = box.height / (len(types) + 1)
        ports |= {(name, slug): box.y + step * (n + 1) for n, name in enumerate(types)}
    return ports


def _row(event: Event, y: float, ports: Mapping[tuple[str, str], float]) -> Row:
    by_slug = {consumer.side.service: consumer.status for consumer in event.consumers}
    arrows = [
        Arrow(_curve(LEFT + MIDDLE, y, RIGHT - MARGIN, ports[str(event.type), slug]), slug, status)
        for slug, status in by_slug.items()
    ]
    return Row(event, y, arrows)


def _written(
    name: str, events: Sequence[Event], top: float, writers: Mapping[str, Box]
) -> list[Arrow]:
    slugs = sorted({slug for event in events for slug in _publishers(event)})
    return [
        Arrow(
            _curve(
                MARGIN + SIDE, writers[slug].y + writers[slug].height / 2, LEFT, top + HEAD / 2
            ),
            name,
            Status.UNKNOWN if writers[slug].missing else Status.CURRENT,
        )
        for slug in slugs
    ]


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    bend = (x + to_x) / 2
    return f"M{x:g} {y:.1f}C{bend:g} {y:.1f} {bend:g} {to_y:.1f} {to_x - 7:g} {to_y:.1f}"

"""The catalog as lines for a terminal."""

from eventsmith.catalog.model import Catalog, Consumer, Status
from eventsmith.catalog.notices import Notice
from eventsmith.cli.reporting import columns

_TITLES = ("event", "version", "publisher", "stream", "consumers")


def table(catalog: Catalog, notices: list[Notice]) -> str:
    """Return a table of events, then the warnings and remarks."""
    rows = [
        (
            event.type.name,
            str(event.type.version),
            event.type.publisher if event.publications else f"{event.type.publisher} (missing)",
            event.stream or "-",
            ", ".join(map(_consumer, event.consumers)) or "-",
        )
        for event in catalog.events
    ]
    lines = columns([_TITLES, *rows]) if rows else ["no events yet"]
    told = [f"{notice.level}: {notice}" for notice in notices]
    return "\n".join([*lines, *([""] if told else []), *told])


def _consumer(consumer: Consumer) -> str:
    said = consumer.status in {Status.BEHIND, Status.BREAKS}
    return f"{consumer.side.service} ({consumer.status})" if said else consumer.side.service

"""The catalog as JSON; what it is called there does not change within a major version."""

from typing import Any

from eventsmith.catalog.example import example
from eventsmith.catalog.model import Catalog, Consumer, Event
from eventsmith.catalog.notices import Notice


def document(catalog: Catalog, notices: list[Notice]) -> dict[str, Any]:
    """Return `services` by slug, `events` by type, and `notices`, warnings first."""
    return {
        "services": [
            {
                "slug": member.slug,
                "name": member.name,
                "description": member.description,
                "folder": member.place,
            }
            for member in catalog.members
        ],
        "events": [_event(event) for event in catalog.events],
        "notices": [_notice(notice) for notice in notices],
    }


def _event(event: Event) -> dict[str, Any]:
    """Return an event; `publishers` is empty if nobody publishes it."""
    return {
        "type": str(event.type),
        "publisher": event.type.publisher,
        "name": event.type.name,
        "version": event.type.version,
        "versions": list(event.versions),
        "stream": event.stream,
        "publishers": [side.service for side in event.publications],
        "consumers": [_consumer(consumer) for consumer in event.consumers],
        "contract": event.contract,
        "example": None if event.contract is None else example(event.contract),
    }


def _consumer(consumer: Consumer) -> dict[str, Any]:
    return {"service": consumer.side.service, "contract": str(consumer.status)}


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "level": notice.level,
        "kind": notice.kind,
        "event": notice.event,
        "service": notice.service,
        "message": notice.message,
        "differences": [
            {"field": each.field, "problem": each.problem, "breaking": each.breaking}
            for each in notice.differences
        ],
    }

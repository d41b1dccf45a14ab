"""What somebody should look at: warnings, and remarks that may well be intended."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eventsmith.catalog.limits import Difference
from eventsmith.catalog.model import Catalog, Consumer, Event, Side, Status

_TOLD = 5  # differences in one line


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning or a remark. `event` is a type; a notice about services alone has none.

    `service` is the one to look at, if it is one. `kind` is stable: programs may rely on it.
    """

    kind: str
    event: str | None
    service: str | None
    message: str
    differences: Sequence[Difference] = ()

    @property
    def level(self) -> str:
        """`warning` or `remark`."""
        return "remark" if self.kind == "unconsumed" else "warning"

    def __str__(self) -> str:
        return f"{self.event}: {self.message}" if self.event else self.message


def notices(catalog: Catalog) -> list[Notice]:
    """Return all notices, warnings first, in a stable order."""
    found = [*_same_slug(catalog)]
    for event in catalog.events:
        found += about(event, catalog)
    return sorted(found, key=lambda notice: notice.level == "remark")


def _same_slug(catalog: Catalog) -> Iterator[Notice]:
    counted = Counter(member.slug for member in catalog.members)
    for slug, count in counted.items():
        if count > 1:
            places = " and ".join(m.place for m in catalog.members if m.slug == slug)
            message = f"{places} have the same slug, {slug}: they share a stream and a group"
            yield Notice("same-slug", None, slug, message)


def about(event: Event, catalog: Catalog) -> Iterator[Notice]:
    """Return what is to be said of one event."""
    name = str(event.type)
    if not event.publications:
        yield Notice("unpublished", name, event.type.publisher, _unpublished(event, catalog))
    for side in event.sides:
        if side.contract is None:
            yield _no_contract(name, side)
    for consumer in event.consumers:
        if consumer.status in {Status.BEHIND, Status.BREAKS}:
            yield _differs(name, consumer)
    yield from _streams(event)
    if not event.consumers:
        yield Notice("unconsumed", name, None, "none of these services consumes it")


def _unpublished(event: Event, catalog: Catalog) -> str:
    slug = event.type.publisher
    if any(member.slug == slug for member in catalog.members):
        return f"nobody publishes it; {slug} is here, and has no such event"
    return f"none of these services publishes it; name the folder of {slug} as well"


def _no_contract(name: str, side: Side) -> Notice:
    if side.problem:
        return Notice("unreadable-contract", name, side.service, side.problem)
    what = "publishes" if side.publishes else "consumes"
    export = f"run there: uv run {side.service} contracts export"
    message = f"{side.service} {what} it without a contract in contracts/; {export}"
    return Notice("no-contract", name, side.service, message)


def _differs(name: str, consumer: Consumer) -> Notice:
    breaks = consumer.status is Status.BREAKS
    told = [each for each in consumer.differences if each.breaking or not breaks]
    listed = "; ".join(map(str, told[:_TOLD]))
    more = f"; and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    slug = consumer.side.service
    how = "cannot read all that is sent" if breaks else "is behind its publisher, without harm"
    message = f"the contract in {slug} {how}: {listed}{more}"
    return Notice(str(consumer.status), name, slug, message, consumer.differences)


def _streams(event: Event) -> Iterator[Notice]:
    for consumer in event.consumers:
        slug, stream = consumer.side.service, consumer.side.stream
        if stream and event.stream and stream != event.stream:
            whose = "its publisher writes to" if event.publications else "others read it from"
            message = f"{slug} reads it from the stream {stream}, {whose} {event.stream}"
            yield Notice("stream-differs", str(event.type), slug, message)

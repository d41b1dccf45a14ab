"""Reads services: what their answers and their contracts say of events."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from eventsmith.catalog.model import Member, Side
from eventsmith.errors import EventsmithError
from eventsmith.schema.model import Json
from eventsmith.schema.reading import STREAM, EventType, Snapshot, read
from eventsmith.service import ANSWERS, Event, Service, find, read_answers

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_ROLES = {"publishes", "consumes", "both"}


def members(places: Sequence[Path]) -> list[Member]:
    """Return the services in these folders, each once; raises EventsmithError."""
    found: dict[Path, Path] = {}
    for place in places:
        for folder in _services(place):
            found.setdefault(folder.resolve(), folder)
    return [_member(folder) for folder in found.values()]


def _services(place: Path) -> list[Path]:
    if not place.is_dir():
        raise EventsmithError(f"{place} is no folder; name services, or a folder that holds some")
    if (place / ANSWERS).is_file():
        return [place]
    inside = sorted(path.parent for path in place.glob(f"*/{ANSWERS}") if path.is_file())
    services = [folder for folder in inside if _is_service(folder)]
    if not services:
        raise EventsmithError(
            f"{place} is no service and holds none; name services, or a folder that holds some"
        )
    return services


def _is_service(folder: Path) -> bool:
    """Tell a service from what other templates made."""
    return read_answers(folder, ANSWERS).get("kind") == "service"


def _member(folder: Path) -> Member:
    service = find(folder)
    slug = service.slug
    if not _SLUG.fullmatch(slug):
        raise EventsmithError(
            f"{folder / ANSWERS} has an impossible project_slug; restore it with: "
            f"git checkout -- {ANSWERS}"
        )
    contracts = dict(_contracts(service))
    sides = [_planned(folder, service, event, contracts) for event in service.events]
    known = {side.type for side in sides}
    sides += [
        _by_hand(folder, slug, event, contract)
        for event, contract in contracts.items()
        if event not in known
    ]
    about = service.answers
    name, description = (str(about.get(key) or "") for key in ("project_name", "description"))
    return Member(slug, name or slug, description, str(folder), sides)


def _contracts(service: Service) -> Iterator[tuple[EventType, Snapshot | str]]:
    """Return the snapshots, or why they cannot be read, by the names of their files."""
    for path in sorted((service.folder / "contracts").glob("*.json")):
        if event := EventType.parse(path.stem):
            try:
                yield event, read(path)
            except EventsmithError as error:
                yield event, str(error)


def _planned(
    folder: Path, service: Service, event: Event, contracts: Mapping[EventType, Snapshot | str]
) -> Side:
    """Return what the answers and, if there is one, the contract of an event say."""
    kind, role = EventType.parse(event.type), event.answers.get("event_role")
    if kind is None or role not in _ROLES:
        raise EventsmithError(
            f"{folder / event.file} names no event and role; restore it with: "
            f"git checkout -- {event.file}"
        )
    contract = contracts.get(kind)
    stream = _stream(contract, event.answers.get("event_stream"))
    return Side(
        service.slug,
        str(folder),
        kind,
        role != "consumes",
        role != "publishes",
        stream,
        *_schema(contract),
    )


def _by_hand(folder: Path, slug: str, event: EventType, contract: Snapshot | str) -> Side:
    """Return what a contract alone tells: a service publishes its own, and consumes others'."""
    own, stream = event.publisher == slug, _stream(contract, None)
    return Side(slug, str(folder), event, own, not own, stream, *_schema(contract))


def _schema(contract: Snapshot | str | None) -> tuple[Mapping[str, Json] | None, str | None]:
    if isinstance(contract, Snapshot):
        return contract.schema, None
    return None, contract


def _stream(contract: Snapshot | str | None, answer: Json) -> str | None:
    if isinstance(contract, Snapshot):
        return contract.stream
    return answer if isinstance(answer, str) and STREAM.fullmatch(answer) else None

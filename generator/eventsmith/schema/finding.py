"""Finds the contract of an event in another service, by the names of its files."""

from collections.abc import Collection, Iterable
from pathlib import Path

from eventsmith.errors import EventsmithError
from eventsmith.naming import nearest
from eventsmith.schema.reading import EventType, Snapshot, read

_SHOWN = 5


def find(
    place: Path, name: str, version: int | None = None, publisher: str | None = None
) -> Snapshot:
    """Return the contract of `name` in a service, a folder of contracts or a schema file.

    Without `version` it is the newest.
    """
    place = place.expanduser()
    if place.is_file():
        snapshot = read(place)
        _choose(place, [snapshot.event], name, version, publisher)
        return snapshot
    if not place.is_dir():
        raise EventsmithError(f"{place} does not exist; name a service's folder or a schema file")
    folder = place / "contracts" if (place / "contracts").is_dir() else place
    types = [event for path in folder.glob("*.json") if (event := EventType.parse(path.stem))]
    if not types:
        raise EventsmithError(
            f"{folder} holds no contracts; run `contracts export` in the service that publishes"
        )
    return read(folder / f"{_choose(folder, types, name, version, publisher)}.json")


def _choose(
    place: Path,
    types: Collection[EventType],
    name: str,
    version: int | None,
    publisher: str | None,
) -> EventType:
    of_name = [event for event in types if event.name == name]
    if not of_name:
        guess = nearest(name, {event.name for event in types})
        advice = f"did you mean {guess}?" if guess else f"there is {_listed(types)}"
        raise EventsmithError(f"{place} has no contract of {name}; {advice}")
    fitting = [
        event
        for event in of_name
        if publisher in {None, event.publisher} and version in {None, event.version}
    ]
    if not fitting:
        asked = f"{publisher}.{name}" if publisher else name
        asked += f" in version {version}" if version else ""
        raise EventsmithError(f"{place} has no contract of {asked}; there is {_listed(of_name)}")
    publishers = sorted({event.publisher for event in fitting})
    if len(publishers) > 1:
        raise EventsmithError(
            f"{place} has a {name} of {' and of '.join(publishers)}; say which by --publisher"
        )
    return max(fitting, key=lambda event: event.version)


def _listed(types: Iterable[EventType]) -> str:
    names = sorted(map(str, types))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

"""`eventsmith remove-event`: takes away what `add-event` made, where nobody has edited it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eventsmith import changes, naming
from eventsmith.changes import Fate
from eventsmith.errors import EventsmithError
from eventsmith.events.add import render_event
from eventsmith.repository import shortened
from eventsmith.service import Event, Service, find
from eventsmith.template.source import recorded


@dataclass(frozen=True, slots=True)
class Request:
    """The event that goes; what is None may be any, if that leaves one event."""

    folder: Path
    name: str
    version: int | None = None
    publisher: str | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed: an event, and its files by their paths below the service."""

    service: Service
    event: Event
    files: Sequence[str]
    notes: Sequence[str]


def remove(request: Request, *, dry_run: bool = False) -> Removal:
    """Delete the files of an event, or only say which.

    Raises EventsmithError, and nothing is deleted, where one of them has been edited.
    """
    service = find(request.folder)
    event = _chosen(service, request)
    source = recorded(event.answers, request.template)
    made, rendered = render_event(source, service, event.answers)
    rendered[event.file] = rendered.pop(made.file)
    planned = changes.plan(service.folder, dict(sorted(rendered.items())), {}, ())
    if edited := [change.path for change in planned if change.fate is Fate.DIFFERS]:
        raise EventsmithError(
            f"{shortened(edited)} is not as it was made, and nothing was deleted; "
            "delete the event's files by hand, or put back what differs"
        )
    there = [change for change in planned if change.fate is Fate.IDENTICAL]
    notes = [source.remark] if source.remark else []
    notes += _users(service, event, {change.path for change in there})
    if not dry_run:
        changes.remove(service.folder, there)
    return Removal(service, event, [change.path for change in there], notes)


def _chosen(service: Service, request: Request) -> Event:
    named = [
        event for event in service.events if request.name in (event.answers["event"], event.type)
    ]
    if not named:
        known = sorted({str(event.answers["event"]) for event in service.events})
        guess = naming.nearest(request.name, known)
        advice = f"did you mean {guess}?" if guess else f"it has {', '.join(known) or 'none'}"
        raise EventsmithError(f"{service.slug} has no event {request.name}; {advice}")
    fitting = [event for event in named if _fits(event, request)]
    if len(fitting) != 1:
        types = ", ".join(event.type for event in named)
        raise EventsmithError(f"there is {types}; name one of them by --version and --publisher")
    if fitting[0].is_the_examples:
        raise EventsmithError(
            f"{fitting[0].type} is the example's event, and its API and tests use it; "
            "take the example out by hand: an update does not bring back what you delete"
        )
    return fitting[0]


def _fits(event: Event, request: Request) -> bool:
    wanted = {"event_version": request.version, "event_publisher": request.publisher}
    return all(value in (None, event.answers[key]) for key, value in wanted.items())


def _users(service: Service, event: Event, going: set[str]) -> Iterator[str]:
    """Tell which modules would miss the event."""
    word = re.compile(rf"\b({event.module}|{event.answers['event_class']})\b")
    modules = (path for part in ("src", "tests") for path in (service.folder / part).rglob("*.py"))
    names = sorted(path.relative_to(service.folder).as_posix() for path in modules)
    using = [
        name
        for name in names
        if name not in going and word.search((service.folder / name).read_text("utf-8", "replace"))
    ]
    if using:
        yield f"{event.type} is still named in {shortened(using)}"

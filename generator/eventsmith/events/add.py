"""`eventsmith add-event`: the contract, handler and tests of one event, as new files."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eventsmith import changes
from eventsmith.changes import Change, Fate
from eventsmith.errors import EventsmithError
from eventsmith.events.answers import ASKED, Request, asked, event_answers, event_type
from eventsmith.ownership import Kind, Ownership
from eventsmith.service import EVENT_ANSWERS, Event, Service
from eventsmith.service import find as find_service
from eventsmith.template.rendering import Answers, render, render_version
from eventsmith.template.source import Source, recorded
from eventsmith.template.versions import versions

_SPELLING = {
    "event": "NAME",
    "event_fields": "FIELD:TYPE",
    "event_module": "NAME",
    "event_publisher": "--publisher",
    "event_role": "--role",
    "event_stream": "--stream",
    "event_type": "NAME",
    "event_version": "--version",
}
# Most of the template's files, and none that an event is made from.
_NOT_OF_AN_EVENT = "template/service"
# What may change when an event is added once more: the role, by a handler that joins the contract;
# and what the publisher has changed since.
_GROWING = {"event_role"}
_FOLLOWING = {"event_stream", "event_fields", "event_code", "event_schema"}


@dataclass(frozen=True, slots=True)
class Addition:
    """What adding an event comes to, file by file."""

    service: Service
    event: Event
    changes: Sequence[Change]
    remark: str | None

    def having(self, fate: Fate) -> list[Change]:
        """Return the changes of that fate."""
        return [change for change in self.changes if change.fate is fate]

    @property
    def next_steps(self) -> list[str]:
        """Say where the user's own code goes."""
        answers, package = self.event.answers, self.service.answers["package"]
        steps = []
        if answers["event_role"] != "consumes":
            fields = [field.partition(":")[0] for field in answers["event_fields"]]
            values = ", ".join(f"{name}=…" for name in ["aggregate_id", *fields])
            steps.append(f"emit it with the change: uow.emit({answers['event_class']}({values}))")
        if answers["event_role"] != "publishes":
            steps.append(f"react to it in src/{package}/handlers/{self.event.module}.py")
        return steps


def add(request: Request, *, dry_run: bool = False) -> Addition:
    """Add the event, or only say what that would do.

    Nothing is written where a file of the event differs, or an EventsmithError is raised.
    """
    service = find_service(request.folder)
    answers = event_answers(request, service)
    source = recorded(service.answers, request.template)
    event, rendered = render_event(source, service, answers)
    before = _superseded(service, event, _FOLLOWING if request.origin else _GROWING)
    base = render_event(source, service, before.answers)[1] if before else {}
    ownership = Ownership.of([event.answers])
    owned = [path for path in rendered if ownership.kind(path) is Kind.YOURS]
    planned = changes.plan(service.folder, rendered, base, owned)
    addition = Addition(service, event, planned, source.remark)
    if not (dry_run or addition.having(Fate.DIFFERS)):
        changes.write(service.folder, planned)
    return addition


def render_event(
    source: Source, service: Service, answers: Mapping[str, Any]
) -> tuple[Event, dict[str, bytes]]:
    """Return an event with all its answers, and its files by their paths in the service."""
    # Names are checked while rendering; until then no name may lead to another folder.
    name = re.sub(r"[^\w.-]", "_", event_type(answers))
    with TemporaryDirectory(prefix="eventsmith-") as scratch:
        given = {"kind": "event", "project_slug": service.slug} | asked(answers)
        kept = Answers(given, file=f"{EVENT_ANSWERS}/{name}.yml", spelling=_SPELLING)
        with versions(without=_NOT_OF_AN_EVENT) as held:
            known = (
                render(source, Path(scratch), kept)  # as it stands, which is no version
                if source.missing
                else render_version(held.of(source), Path(scratch), kept)
            )
        return Event(kept.file, known), changes.read(Path(scratch))


def _superseded(service: Service, event: Event, may_change: Collection[str]) -> Event | None:
    """Return the event as it was, if it changes; raises EventsmithError where it may not."""
    for other in service.events:
        if other.type != event.type and _alike(other, event):
            raise EventsmithError(
                f"{event.type} would stand in the files of {other.type}; rename it"
            )
    before = service.event(event.type)
    if before is None:
        return None
    if before.is_the_examples:
        raise EventsmithError(f"{event.type} is the example's event, and came with the service")
    changed = {key for key in ASKED if before.answers.get(key) != event.answers.get(key)}
    if changed - set(may_change):
        fields = " ".join(before.answers["event_fields"]) or "no fields"
        raise EventsmithError(
            f"{event.type} is there already: {before.answers['event_role']}, {fields}; "
            f"edit its contract, or add --version {event.answers['event_version'] + 1}"
        )
    return before if changed else None


def _alike(one: Event, other: Event) -> bool:
    """Tell whether two events would share a file, on a disk that is blind to case too."""
    return one.module == other.module or one.type.lower() == other.type.lower()

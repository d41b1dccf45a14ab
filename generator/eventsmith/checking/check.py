"""`eventsmith check`: whether a service still is what its template makes of it, for CI."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith.checking import drift
from eventsmith.contracts import Contracts, ask
from eventsmith.errors import EventsmithError
from eventsmith.service import Event, Part, Service, UnreadableAnswersError, find
from eventsmith.snapshot import take
from eventsmith.template.source import newest, recorded
from eventsmith.template.versions import Version, Versions, versions
from eventsmith.updating.route import starts


class Kind(StrEnum):
    """What can be found; `--json` promises these words."""

    EDITED = "edited"  # a file of the template's that is no longer what it renders
    MISSING = "missing"  # one that is gone
    CONFLICT = "conflict"  # a file in which the markers of a merge are left
    ANSWERS = "answers"  # answers that cannot be read: nothing else is checked then
    BEHIND = "behind"  # an event that is at another version than the service
    CONTRACT = "contract"  # a contract that is broken, or that cannot be compared
    NEWER = "newer"  # the template has a newer version; a fault where that was asked


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with `subject`: a file below the service, an event, the service.

    `diff` is what would bring a file back.
    """

    kind: Kind
    subject: str
    message: str
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found; `notes` are no faults. What is None could not be told."""

    service: str
    version: str | None
    newest: str | None
    contracts: str
    findings: Sequence[Finding]
    notes: Sequence[str] = ()


_Parts = Sequence[tuple[Part, Version]]


def check(folder: Path, template: str | None = None, *, latest: bool = False) -> Report:
    """Hold a service against its template at the versions it records, and against itself.

    Raises EventsmithError where such a version cannot be had.
    """
    try:
        service = find(folder)
    except UnreadableAnswersError as error:
        found = Finding(Kind.ANSWERS, error.file.name, str(error))
        return Report(error.file.parent.name, None, None, "not run", [found])
    with versions() as held, TemporaryDirectory(prefix="eventsmith-") as scratch:
        parts = starts(service, held, template)
        files = list(_files(service, parts, Path(scratch)))
        own = parts[0][1]
        target = _newest(service, held, template)
        newer = _newer(service.slug, own, target, held)
    contracts = ask(service)
    findings = [*files, *_behind(parts), *_broken(contracts), *(newer if latest else ())]
    notes = [*_notes(service, contracts), *(() if latest else (each.message for each in newer))]
    end = target.commit if target else None
    return Report(service.slug, own.commit, end, contracts.state, findings, notes)


def _files(service: Service, parts: _Parts, scratch: Path) -> Iterator[Finding]:
    unresolved = set(drift.conflicted(service.folder))
    for path in sorted(unresolved):
        yield Finding(Kind.CONFLICT, path, "the markers of a merge are left in it")
    for change in drift.differing(service.folder, take(parts, scratch)):
        if change.path not in unresolved:
            kind = Kind.EDITED if change.current is not None else Kind.MISSING
            yield Finding(kind, change.path, "a file of the template's", change.diff)


def _behind(parts: _Parts) -> Iterator[Finding]:
    (_, own), *events = parts
    for part, version in events:
        if version.hash != own.hash and isinstance(part, Event):
            message = f"is at {version.commit}, the service at {own.commit}; run: eventsmith update"
            yield Finding(Kind.BEHIND, part.type, message)


def _broken(contracts: Contracts) -> Iterator[Finding]:
    if contracts.failure is not None:
        yield Finding(Kind.CONTRACT, "contracts", f"cannot be compared: {contracts.failure}")
    for verdict in contracts.verdicts or ():
        if verdict["status"] not in ("ok", "outdated"):
            message = f"is {verdict['status']}; {verdict.get('way_out', '')}".rstrip("; ")
            yield Finding(Kind.CONTRACT, str(verdict["type"]), message)


def _notes(service: Service, contracts: Contracts) -> Iterator[str]:
    if contracts.state == "not run":
        yield "contracts: not run (no environment; run: uv sync)"
    for verdict in contracts.verdicts or ():
        if verdict["status"] == "outdated":
            yield f"{verdict['type']} has changed compatibly; run: {service.slug} contracts export"


def _newest(service: Service, held: Versions, template: str | None) -> Version | None:
    source = recorded(service.answers, template)
    try:
        return held.of(source.at(newest(source)))
    except EventsmithError:
        return None  # what is recorded can be had, so there is something to check nevertheless


def _newer(slug: str, own: Version, target: Version | None, held: Versions) -> list[Finding]:
    if target is None or target.hash == own.hash or held.leads_back(own, target):
        return []
    message = f"{slug} is at {own.commit}, and {target.commit} is there; run: eventsmith update"
    return [Finding(Kind.NEWER, slug, message)]

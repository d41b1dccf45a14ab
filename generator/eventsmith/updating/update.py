"""`eventsmith update`: service and events moved to another version, in one three-way merge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith.errors import EventsmithError
from eventsmith.repository import ready
from eventsmith.service import Service, find
from eventsmith.snapshot import Snapshot, take
from eventsmith.template.versions import Version, versions
from eventsmith.updating import moves
from eventsmith.updating.applying import apply
from eventsmith.updating.imports import Outdated, outdated
from eventsmith.updating.merging import Merge, Merger, Tree
from eventsmith.updating.remarks import leftovers, remarks
from eventsmith.updating.route import Route, lead
from eventsmith.updating.sides import Side, changed, prepare

_IDENTITY = ("aggregate", "event", "kind", "package", "project_slug", "with_example")
_REMOVED = {1, 2}  # stages that git has of what the template has removed, changed by the user
_REASONS = {
    (1, 2): "removed by the template, changed by you",
    (1, 2, 3): "changed by the template and by you",
    (2, 3): "added by the template and by you",
}


@dataclass(frozen=True, slots=True)
class Request:
    """Where the service is, and where it goes: `to` None means the newest version.

    `base` says which version it was made from, in place of what is recorded. `given` are new
    answers.
    """

    folder: Path
    to: str | None = None
    base: str | None = None
    given: Mapping[str, str] = field(default_factory=dict)
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What an update came to. Without `changed`, the service was there already.

    Paths are below the service; `conflicts` says of each what is the matter. `outdated` are the
    lines of the user's that import what the template has moved: they are left alone.
    """

    service: Service
    start: str
    end: str
    alone: bool  # the service is all that its repository holds
    changed: Sequence[str] = ()
    conflicts: Mapping[str, str] = field(default_factory=dict)
    outdated: Sequence[Outdated] = ()
    notes: Sequence[str] = ()
    diff: str = ""


def update(request: Request, *, dry_run: bool = False) -> Update:
    """Merge a version of the template into a service, or only say what that would change.

    The changes are staged and nothing is committed. Where anything is raised, EventsmithError
    among it, index and work tree are as they were.
    """
    service = find(request.folder)
    repository = ready(service.folder)
    with versions() as held, TemporaryDirectory(prefix="eventsmith-") as scratch:
        route = lead(service, held, request.template, request.base, request.to)
        start, end = route.starts[0][1].commit, route.target.commit
        outcome = Update(service, start, end, alone=not repository.prefix)
        if route.is_done and not request.given:
            return outcome
        base = take(route.starts, Path(scratch, "base"))
        theirs = take(route.ends, Path(scratch, "theirs"), request.given)
        _refuse_another(service, route, theirs)
        merger = Merger(repository.git, Path(scratch, "merge"))
        ours = merger.read(repository.git.line("rev-parse", repository.tree))
        before, after = (Side(each, merger.keep(each.files)) for each in (base, theirs))
        merge = _merge(merger, ours, before, after, f"template-{end}")
        imports = _outdated(merger, merge, after, route.target)
        outcome = replace(_outcome(outcome, merge, ours), outdated=imports)
        if outcome.changed and not dry_run:
            merger.hand_over()
            apply(repository, merge)
        notes = [*remarks(service, route, theirs, request.given), *outcome.notes]
        return replace(outcome, notes=notes, diff=merger.diff(ours, merge.tree) if dry_run else "")


def _refuse_another(service: Service, route: Route, theirs: Snapshot) -> None:
    """Refuse answers that would make it another service: names on the wire and in its paths."""
    for (part, _), render in zip(route.starts, theirs.renders, strict=True):
        for key in part.answers.keys() & render.answers.keys():
            was, now = part.answers[key], render.answers[key]
            if key.startswith(_IDENTITY) and was != now:
                raise EventsmithError(
                    f"{key} is part of what {service.slug} is and stays {was!r}; "
                    "generate a new service for another"
                )


def _merge(merger: Merger, ours: Tree, base: Side, theirs: Side, label: str) -> Merge:
    if unknown := base.snapshot.records - ours.keys():
        raise EventsmithError(f"{min(unknown)} is not committed; commit it, then run this again")
    before, after = prepare(base, theirs, ours)
    return merger.merge(before, ours, after, label)


def _outcome(outcome: Update, merge: Merge, ours: Tree) -> Update:
    paths = sorted({*changed(ours, merge.tree), *merge.conflicts})
    reasons = {
        path: _REASONS.get(tuple(sorted(stages)), "renamed by the template and by you")
        for path, stages in merge.conflicts.items()
    }
    notes = [*leftovers(merge, paths, ours)]
    return replace(outcome, changed=paths, conflicts=reasons, notes=notes)


def _outdated(merger: Merger, merge: Merge, theirs: Side, target: Version) -> list[Outdated]:
    """Return what is wrong with the imports of the user's; conflicts are looked at anyway."""
    own = {
        path: entry
        for path, entry in merge.tree.items()
        if path.endswith(".py") and entry != theirs.tree.get(path) and path not in merge.conflicts
    }
    going = {path for path, stages in merge.conflicts.items() if stages.keys() == _REMOVED}
    told = moves.read(target.folder, str(theirs.snapshot.renders[0].answers["package"]))
    return outdated(merger.texts(own), merge.tree.keys() - going, told)

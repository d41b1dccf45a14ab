"""What an update tells beside its files: releases, new questions, and what is left to do."""

import json
from collections.abc import Iterator, Mapping, Sequence

from eventsmith.repository import shortened
from eventsmith.service import Service, read_answers
from eventsmith.snapshot import Snapshot
from eventsmith.updating import upgrades
from eventsmith.updating.merging import Merge, Tree
from eventsmith.updating.route import Route


def remarks(
    service: Service, route: Route, theirs: Snapshot, given: Mapping[str, str]
) -> Iterator[str]:
    """Yield what there is to know about the version that the service comes to."""
    if route.remark:
        yield route.remark
    bases = [upgrades.read(version.folder) for _, version in route.starts]
    crossed = upgrades.news(upgrades.read(route.target.folder), bases)
    yield from upgrades.lines(crossed, str(service.answers.get("package")))
    if answers := _new_answers(route, theirs, given):
        shown = ", ".join(f"{key}={json.dumps(value)}" for key, value in answers.items())
        yield f"new questions have their defaults: {shown}; change one: eventsmith update -d KEY=…"


def leftovers(merge: Merge, changed: Sequence[str], before: Tree) -> Iterator[str]:
    """Yield what the merge leaves to be known or done."""
    if merge.removed:
        yield f"you deleted {shortened(merge.removed)}, and an update leaves it so"
    if "pyproject.toml" in changed and "uv.lock" in before:
        yield "pyproject.toml has changed, so the lock may be behind; run: uv lock"


def _new_answers(route: Route, theirs: Snapshot, given: Mapping[str, str]) -> dict[str, object]:
    """Return the answers that nobody has given so far."""
    found: dict[str, object] = {}
    for (part, _), render in zip(route.starts, theirs.renders, strict=True):
        folder = render.files[part.file].parents[part.file.count("/")]
        answers = read_answers(folder, part.file)
        found |= {key: answers[key] for key in answers.keys() - part.answers.keys() - given.keys()}
    return dict(sorted(found.items()))

"""The three sides of an update's merge: what each file counts as there; pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass

from eventsmith.ownership import Kind
from eventsmith.snapshot import Snapshot
from eventsmith.updating.merging import Entry, Tree


@dataclass(frozen=True, slots=True)
class Side:
    """A snapshot, and its files as git keeps them."""

    snapshot: Snapshot
    tree: Tree


def prepare(base: Side, theirs: Side, ours: Tree) -> tuple[Tree, Tree]:
    """Return base and theirs so that a merge with `ours` treats every file by its kind.

    A file of the user's is the same on all three sides: then it neither changes nor comes back,
    nor is it taken for the new home of a file that was renamed. Answers are Copier's to write, so
    theirs stand.
    """
    yours = [path for path in {*base.tree, *theirs.tree, *ours} if _is_yours(path, base, theirs)]
    records = base.snapshot.records | theirs.snapshot.records
    return _with(ours, base.tree, [*yours, *records]), _with(ours, theirs.tree, yours)


def changed(before: Tree, after: Tree) -> list[str]:
    """Return the paths that differ."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _is_yours(path: str, base: Side, theirs: Side) -> bool:
    """Go by the new version; by either for what it no longer renders."""
    kinds = {theirs.snapshot.ownership.kind(path)}
    if path not in theirs.tree:
        kinds.add(base.snapshot.ownership.kind(path))
    return Kind.YOURS in kinds


def _with(ours: Tree, tree: Tree, paths: list[str]) -> Mapping[str, Entry]:
    others = {path: entry for path, entry in tree.items() if path not in set(paths)}
    return others | {path: ours[path] for path in paths if path in ours}

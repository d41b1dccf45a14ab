"""The three sides of an update's merge: what each file counts as there; pure functions."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

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
    paths = {*base.tree, *theirs.tree, *ours}
    yours = {path for path in paths if _is_yours(path, base, theirs)} - {*_new(base, theirs, ours)}
    yours |= _kept(base, theirs, yours | (ours.keys() - base.tree.keys()))
    records = base.snapshot.records | theirs.snapshot.records
    return _with(ours, base.tree, yours | records), _with(ours, theirs.tree, yours)


def changed(before: Tree, after: Tree) -> list[str]:
    """Return the paths that differ."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _is_yours(path: str, base: Side, theirs: Side) -> bool:
    """Go by the new version; by the old one for what the new one no longer renders."""
    side = base if path in base.tree and path not in theirs.tree else theirs
    return side.snapshot.ownership.kind(path) is Kind.YOURS


def _new(base: Side, theirs: Side, ours: Tree) -> Iterator[str]:
    """Yield new packages for the user's modules, which files of the template import.

    Unless the user has a module of that name, which the package would hide.
    """
    for path in theirs.tree.keys() - base.tree.keys() - ours.keys():
        package, is_init, _ = path.partition("/__init__.py")
        if path.startswith("src/") and is_init and f"{package}.py" not in ours:
            yield path


def _kept(base: Side, theirs: Side, own: Iterable[str]) -> set[str]:
    """Return what makes packages of folders that the template leaves, and modules of `own` do not.

    Without it type checkers would pass over them in silence.
    """
    modules = (PurePosixPath(path) for path in own if path.endswith(".py"))
    folders = {folder for module in modules for folder in module.parents}
    gone = (path for path in base.tree.keys() - theirs.tree.keys() if path.endswith("/__init__.py"))
    return {path for path in gone if PurePosixPath(path).parent in folders}


def _with(ours: Tree, tree: Tree, paths: Collection[str]) -> Mapping[str, Entry]:
    others = {path: entry for path, entry in tree.items() if path not in paths}
    return others | {path: ours[path] for path in paths if path in ours}

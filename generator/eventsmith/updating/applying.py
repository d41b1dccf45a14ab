"""Brings a merge into the user's index and work tree: all of it, or nothing."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from eventsmith.errors import EventsmithError
from eventsmith.plumbing import Git
from eventsmith.repository import Repository, shortened
from eventsmith.updating.merging import Merge
from eventsmith.updating.restoring import locked_index, restored_on_failure


def apply(repository: Repository, merge: Merge) -> None:
    """Stage the merge and write its files; what is in conflict stays unmerged in the index.

    Raises EventsmithError, with nothing touched, where a file that git does not know is in the way.
    """
    git, head = repository.git, repository.head
    parts = [part for part in repository.prefix.split("/") if part]
    root = _grafted(git, f"{head}^{{tree}}", parts, merge.hash)
    changes = _changes(git, head, root)
    _refuse_in_the_way(git.folder, changes)
    with locked_index(git) as lock, restored_on_failure(git, list(changes), lock) as scratch:
        index = git.path("index")
        shutil.copyfile(index, scratch / "index")
        mine = git.having(GIT_INDEX_FILE=scratch / "index")
        mine.attempt("update-index", "-q", "--refresh")  # fails for changes in other folders
        try:
            mine("read-tree", "-m", "-u", head, root)
        except EventsmithError as error:
            raise EventsmithError(f"nothing is changed: {error}") from error
        mine("update-index", "-z", "--index-info", given=_unmerged(repository.prefix, merge))
        shutil.copyfile(scratch / "index", lock)
        lock.replace(index)


def _grafted(git: Git, tree: str, parts: Sequence[str], new: str) -> str:
    """Return `tree` with `new` in the place of the folder that `parts` lead to."""
    if not parts:
        return new
    name, *rest = parts
    lines = git.names("ls-tree", "-z", tree)
    others = [line for line in lines if line.split("\t", 1)[1] != name]
    inner = _grafted(git, f"{tree}:{name}" if rest else "", rest, new)
    listing = [*others, f"040000 tree {inner}\t{name}"]
    given = os.fsencode("".join(f"{line}\0" for line in listing))
    return git.line("mktree", "-z", given=given)


def _changes(git: Git, head: str, root: str) -> dict[str, str]:
    """Return what becomes of each path: A for added, D for deleted, else what git calls it."""
    words = git.names("diff-tree", "-r", "-z", "--name-status", "--no-renames", head, root)
    return dict(zip(words[1::2], words[::2], strict=True))


def _refuse_in_the_way(top: Path, changes: dict[str, str]) -> None:
    """Refuse to write over what git cannot bring back: files that it ignores."""
    going = {path for path, what in changes.items() if what == "D"}
    found = set()
    for path in (path for path, what in changes.items() if what == "A"):
        for place in (top / path, *(top / path).parents):
            if place == top:
                break
            found.update(_unknown(top, place, leaf=place == top / path) - going)
    if found:
        raise EventsmithError(
            f"{shortened(sorted(found))} would be overwritten and is not in git; "
            "move it away, then run this again"
        )


def _unknown(top: Path, place: Path, *, leaf: bool) -> set[str]:
    """Return the files that keep `place` from being a file, or from being a folder."""
    if place.is_symlink() or place.is_file():
        return {place.relative_to(top).as_posix()}
    inside = place.rglob("*") if leaf else ()
    return {file.relative_to(top).as_posix() for file in inside if not file.is_dir()}


def _unmerged(prefix: str, merge: Merge) -> bytes:
    lines = []
    for path, stages in merge.conflicts.items():
        for stage, entry in stages.items():
            lines.append(f"{entry.mode} {entry.hash} {stage}\t{prefix}{path}\0")
        lines.insert(-len(stages), f"0 {'0' * len(entry.hash)}\t{prefix}{path}\0")
    return os.fsencode("".join(lines))

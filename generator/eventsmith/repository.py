"""The user's repository: whether it is ready for an update, and what it holds of a service."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from eventsmith import git
from eventsmith.errors import EventsmithError
from eventsmith.plumbing import Git

_UNDER_WAY = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}
_NEEDED = (2, 38)  # merge-tree --write-tree
# git restores no file that is unmerged and not in HEAD, such as one the template has renamed.
_UNDO = ("add --update -- .", "restore --source=HEAD --staged --worktree -- .")


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree at the commit `head`, with a service in it.

    `prefix` is the path of the service: empty, or with a slash at its end.
    """

    git: Git
    prefix: str
    head: str = "HEAD"

    @property
    def tree(self) -> str:
        """Name what that commit holds of the service."""
        return f"{self.head}:{self.prefix.rstrip('/')}"


def ready(folder: Path) -> Repository:
    """Return the repository of the service in `folder`, if an update can be merged into it.

    Raises EventsmithError for one without git, with changes, or with a merge under way.
    """
    _require_git()
    inside = Git(folder)
    top = inside.attempt("rev-parse", "--show-toplevel")
    if top.returncode:
        raise EventsmithError(
            f"{folder} lies in no git repository that can be read, and an update is a merge; "
            "run: git init && git add --all && git commit --message 'Before the update'"
        )
    prefix = inside.line("rev-parse", "--show-prefix")
    repository = Repository(Git(Path(os.fsdecode(top.stdout).rstrip("\n"))), prefix)
    _refuse_unfinished(repository)
    _refuse_changes(repository, folder)
    if repository.git.attempt("rev-parse", "--verify", repository.tree).returncode:
        raise EventsmithError(f"nothing in {folder} is committed; commit it, then run this again")
    return replace(repository, head=repository.git.line("rev-parse", "HEAD"))


def undo(git: str) -> str:
    """Return what to type to have the folder as it is committed; new files stay."""
    return " && ".join(f"{git} {step}" for step in _UNDO)


def _require_git() -> None:
    git.require()
    words = Git(Path()).line("version")
    found = re.search(r"(\d+)\.(\d+)", words)
    if found and tuple(map(int, found.groups())) < _NEEDED:
        raise EventsmithError(f"an update needs git 2.38, and this is {words}; install a newer one")


def _refuse_unfinished(repository: Repository) -> None:
    for name, what in _UNDER_WAY.items():
        if repository.git.path(name).exists():
            raise EventsmithError(f"a {what} is under way here; finish or abort it first")


def _refuse_changes(repository: Repository, folder: Path) -> None:
    stages = repository.git.names("ls-files", "--unmerged", "-z")
    unmerged = sorted({stage.split("\t", 1)[1] for stage in stages})
    if mine := [path for path in unmerged if path.startswith(repository.prefix)]:
        raise EventsmithError(
            f"conflicts are left in {_listed(mine, repository)}; resolve and commit them, "
            f"or undo that with: {undo(f'git -C {quote(str(folder))}')}"
        )
    if unmerged:
        raise EventsmithError(f"conflicts are left in {shortened(unmerged)}; resolve them first")
    status = ("--no-optional-locks", "status", "--porcelain", "-z", "--no-renames")
    place = f":(top,literal){repository.prefix}"
    if entries := repository.git.names(*status, "--untracked-files=normal", "--", place):
        changed = _listed([entry[3:] for entry in entries], repository)
        raise EventsmithError(
            f"{folder} has changes that are not committed: {changed}; commit or stash them first"
        )


def _listed(paths: list[str], repository: Repository) -> str:
    return shortened([path.removeprefix(repository.prefix) or "all of it" for path in paths])


def shortened(names: list[str], most: int = 5) -> str:
    """Return the names in one line, and the number of those left out."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")

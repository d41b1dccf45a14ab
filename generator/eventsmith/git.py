"""What eventsmith asks of git."""

import os
import shutil
from pathlib import Path

from eventsmith import process
from eventsmith.errors import EventsmithError
from eventsmith.plumbing import UNHOOKED

# Set while git runs a hook or a rebase; they would turn every call on the caller's repository.
_CALLERS_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


def forget_caller() -> None:
    """Work on the folders named on the command line, whoever called."""
    for name in _CALLERS_REPOSITORY:
        os.environ.pop(name, None)


def require() -> None:
    """Refuse to go on without git."""
    if shutil.which("git") is None:
        raise EventsmithError("git was not found; install git, then run this again")


def inside_work_tree(folder: Path) -> bool:
    """Tell whether `folder` lies in somebody's repository, readable or not."""
    answer = process.run(["git", "rev-parse", "--is-inside-work-tree"], folder)
    return answer.ok or "not a git repository" not in answer.err


def describe_state(checkout: Path) -> str | None:
    """Say what makes a render of `checkout` impossible to reproduce, if anything does."""
    if not (checkout / ".git").exists():
        return "is no git repository"
    status = process.run(["git", *UNHOOKED, "status", "--porcelain=v2", "--branch"], checkout)
    if not status.ok:
        return "belongs to another user" if "dubious" in status.err else "cannot be read by git"
    if "# branch.oid (initial)" in status.out:
        return "has no commit yet"
    if any(not line.startswith("#") for line in status.out.splitlines()):
        return "has uncommitted changes"
    return None


def commit_everything(folder: Path, message: str) -> str | None:
    """Make `folder` a repository of one commit; return why not when that fails."""
    for command in (["init"], ["add", "--all"], ["commit", "--message", message]):
        done = process.run(["git", *command], folder)
        if not done.ok:
            return done.reason
    return None

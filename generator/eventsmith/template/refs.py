"""What git knows of a repository that may be anywhere: its names, its commits, its releases."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.version import InvalidVersion, Version

from eventsmith import process
from eventsmith.errors import EventsmithError

_SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}


class UnreadableError(EventsmithError):
    """Git cannot read a repository; `problem` says which and why."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}; name the template with --template")
        self.problem = problem


def address(place: str) -> str:
    """Return what Copier hands to git for `place`: its shortcuts are no addresses."""
    for shortcut, meaning in _SHORTCUTS.items():
        if place.startswith(shortcut):
            return meaning + place.removeprefix(shortcut).lstrip("/")
    return place


def without_password(text: str) -> str:
    """Return `text` without the credentials of the addresses in it."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)


def has(place: str, ref: str) -> bool:
    """Tell whether `ref` is a tag, a branch or a commit there."""
    if Path(place).is_dir():
        return _has(Path(place), ref)
    if ref in names(place):
        return True
    with TemporaryDirectory(prefix="eventsmith-") as scratch:
        folder = Path(scratch)
        # Commits alone, where the other side can do that.
        clone = ["clone", "--quiet", "--bare", "--filter=tree:0", "--", address(place), "copy"]
        _git(place, *clone, folder=folder)
        check = ["rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}"]
        return process.run(["git", "--git-dir", "copy", *check], folder).ok


def _has(folder: Path, ref: str) -> bool:
    """Ask a repository on this disk, but not one that it merely lies in."""
    check = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"]
    above = str(folder.absolute().parent)
    done = process.run(["git", *check], folder, GIT_CEILING_DIRECTORIES=above)
    if done.code > 1:
        raise UnreadableError(f"{folder} cannot be read ({without_password(done.reason)})")
    return done.ok


def names(place: str) -> list[str]:
    """Return the names of the tags and branches there."""
    if not _is_address(place) and not Path(place).exists():
        raise UnreadableError(f"{place} cannot be read (there is no such folder)")
    lines = _git(place, "ls-remote", "--refs", "--", address(place)).splitlines()
    found = (line.partition("\t")[2] for line in lines)
    return [name.split("/", 2)[2] for name in found if name.count("/") > 1]


def newest_release(place: str) -> str | None:
    """Return the tag of the newest release there, pre-releases left out."""
    releases = {}
    for name in names(place):
        try:
            version = Version(name)
        except InvalidVersion:
            continue
        if not version.is_prerelease:
            releases[version] = name
    return releases[max(releases)] if releases else None


def _is_address(place: str) -> bool:
    """Tell an address from a path: https://…, git@host:…, gh:owner/name."""
    return re.match(r"[\w.+-]+://|([\w.-]+@)?[\w.-]{2,}:", place) is not None


def _git(place: str, *arguments: str, folder: Path = Path()) -> str:
    done = process.run(["git", *arguments], folder)
    if not done.ok:
        reason = without_password(done.reason)
        raise UnreadableError(f"{without_password(place)} cannot be read ({reason})")
    return done.out

"""What git knows of a repository that may be anywhere: its names, its commits, its releases."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith import process

_HERE = Path()


def is_address(place: str) -> bool:
    """Tell an address from a path, as git and Copier do: https://…, git@host:…, gh:owner/name."""
    return re.match(r"[\w.+-]+://|(\w[\w.-]*@)?\w[\w.-]+:(?![\\/])", place) is not None


def without_password(text: str) -> str:
    """Return `text` without the credentials of the addresses in it."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", text)


def unreadable(location: str) -> str | None:
    """Say why git cannot read the repository, if it cannot."""
    answer = process.run(["git", "ls-remote", "--", location, "HEAD"], _HERE)
    return None if answer.ok else without_password(answer.reason)


def has(location: str, ref: str) -> bool:
    """Tell whether `ref` is a tag, a branch or a commit there."""
    if ref in _names(location):
        return True
    with TemporaryDirectory(prefix="eventsmith-") as scratch:
        # Commits alone, where the other side can do that.
        clone = ["git", "clone", "--quiet", "--bare", "--filter=tree:0", "--", location, "copy"]
        check = ["git", "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}"]
        folder = Path(scratch)
        return process.run(clone, folder).ok and process.run(check, folder / "copy").ok


def newest_release(location: str) -> str | None:
    """Return the tag of the newest release there, pre-releases left out."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - seldom needed

    releases = {}
    for name in _names(location):
        try:
            version = Version(name)
        except InvalidVersion:
            continue
        if not version.is_prerelease:
            releases[version] = name
    return releases[max(releases)] if releases else None


def _names(location: str) -> list[str]:
    """Return the names of tags and branches."""
    answer = process.run(["git", "ls-remote", "--refs", "--", location], _HERE)
    names = (line.partition("\t")[2] for line in answer.out.splitlines())
    return [name.split("/", 2)[2] for name in names if name.startswith("refs/")]

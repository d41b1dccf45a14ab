"""Versions of a template as plain files: each fetched once, to be rendered many times."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith import git
from eventsmith.template import refs
from eventsmith.errors import EventsmithError
from eventsmith.plumbing import Git
from eventsmith.template.source import Source

# What is checked out is compared with what git keeps: whole, and with the same line ends. And a
# repository that is only read runs none of its hooks.
_AS_KEPT = tuple(
    part
    for setting in (
        *("core.autocrlf=false", "core.eol=lf", "core.sparseCheckout=false"),
        *("core.fsmonitor=false", f"core.hooksPath={os.devnull}"),
    )
    for part in ("-c", setting)
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a template, and what a service made from it records: where, and which."""

    folder: Path
    location: str
    shown: str
    commit: str
    hash: str


class Versions:
    """The versions of one or more templates that a command needs; see `versions`."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._repositories: dict[str, Git] = {}
        self._versions: dict[tuple[str, str], Version] = {}

    def of(self, source: Source) -> Version:
        """Return `source` at its ref; raises EventsmithError where it has no such version."""
        ref = source.ref or "HEAD"
        key = source.location, ref
        if key not in self._versions:
            with source.reachable():
                self._versions[key] = self._version(self._repository(source), source, ref)
        return self._versions[key]

    def leads_back(self, start: Version, target: Version) -> bool:
        """Tell whether `target` is older than `start`, and part of its history."""
        repository = self._repositories[target.location]
        ancestor = ("merge-base", "--is-ancestor", target.hash, start.hash)
        return start.hash != target.hash and not repository.attempt(*ancestor).returncode

    def _version(self, repository: Git, source: Source, ref: str) -> Version:
        found = repository.attempt("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        if found.returncode:
            raise EventsmithError(f"{source.shown} has no version {ref}; name one of its tags")
        commit = found.stdout.decode().strip()
        folder = self._scratch / f"version-{len(self._versions)}"
        folder.mkdir()
        index = repository.having(GIT_INDEX_FILE=f"{folder}.index", GIT_WORK_TREE=folder)
        index(*_AS_KEPT, "read-tree", "--reset", "-u", commit)
        described = repository.line("describe", "--tags", "--always", commit)
        return Version(folder, source.location, source.shown, described, commit)

    def _repository(self, source: Source) -> Git:
        location = source.location
        if location not in self._repositories:
            place = Path(location)
            if place.is_dir():
                directory = _git_directory(place, source.shown)
            else:
                directory = str(self._scratch / f"repository-{len(self._repositories)}")
                clone = ("clone", "--quiet", "--bare", "--", refs.address(location), directory)
                Git(self._scratch)(*clone)
            self._repositories[location] = Git(self._scratch, {"GIT_DIR": directory})
        return self._repositories[location]


def _git_directory(place: Path, shown: str) -> str:
    """Return where git keeps the repository at `place`, not one that it merely lies in."""
    alone = Git(place, {"GIT_CEILING_DIRECTORIES": str(place.parent)})
    found = alone.attempt("rev-parse", "--absolute-git-dir")
    if found.returncode:
        raise EventsmithError(
            f"{shown} is no git repository, so it has no versions; name one that is by --template"
        )
    return os.fsdecode(found.stdout).rstrip("\n")


@contextmanager
def versions() -> Iterator[Versions]:
    """Hold versions of templates, until the end of the body."""
    git.require()
    with TemporaryDirectory(prefix="eventsmith-") as scratch:
        yield Versions(Path(scratch))

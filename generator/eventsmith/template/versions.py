"""Versions of a template as plain files: each fetched once, to be rendered many times."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith import git
from eventsmith.template import refs
from eventsmith.errors import EventsmithError
from eventsmith.plumbing import Git
from eventsmith.process import telling_line
from eventsmith.template.source import Source

# What is checked out is compared with what git keeps: with the same line ends.
_AS_KEPT = ("-c", "core.autocrlf=false", "-c", "core.eol=lf")


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

    def __init__(self, scratch: Path, without: str) -> None:
        self._scratch = scratch
        self._wanted = (":/", f":(top,exclude){without}") if without else (":/",)
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
        index(*_AS_KEPT, "checkout", "--quiet", commit, "--", *self._wanted)
        described = repository.line("describe", "--tags", "--always", commit)
        return Version(folder, source.location, source.shown, described, commit)

    def _repository(self, source: Source) -> Git:
        location = source.location
        if location not in self._repositories:
            directory = str(self._scratch / f"repository-{len(self._repositories)}")
            _clone(source, directory)
            self._repositories[location] = Git(self._scratch, {"GIT_DIR": directory})
        return self._repositories[location]


def _clone(source: Source, directory: str) -> None:
    """Make a repository that has the source's objects, and none of its configuration.

    There may be programs in it for git to run.
    """
    local = Path(source.location).is_dir()
    options = ("--bare", "--quiet", "--template=", *(["--shared"] if local else []))
    clone = Git(Path(directory).parent).attempt
    done = clone("clone", *options, "--", refs.address(source.location), directory)
    if not done.returncode:
        return
    if local:
        raise EventsmithError(
            f"{source.shown} is no git repository, so it has no versions; name one by --template"
        )
    reason = refs.without_password(telling_line(done.stderr.decode(errors="replace")))
    raise EventsmithError(f"{source.shown} cannot be cloned: {reason}")


@contextmanager
def versions(without: str = "") -> Iterator[Versions]:
    """Hold versions of templates, until the end of the body; without a folder nobody needs."""
    git.require()
    with TemporaryDirectory(prefix="eventsmith-") as scratch:
        yield Versions(Path(scratch), without)

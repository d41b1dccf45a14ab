"""`eventsmith new`: a service in an empty folder, locked and committed."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory

from eventsmith import git, naming, process
from eventsmith.errors import EventsmithError
from eventsmith.template.rendering import Answers, render
from eventsmith.template.source import Source


@dataclass(frozen=True, slots=True)
class Request:
    """The service that is wanted, and where."""

    dest: Path
    source: Source
    given: Mapping[str, str] = field(default_factory=dict)
    ask: bool = False

    @property
    def answers(self) -> Answers:
        """What was given; the names left open come from the folder's."""
        folder = self.dest.resolve().name
        names = {"project_name": naming.title(folder), "project_slug": naming.slug(folder)}
        return Answers(self.given, names, self.ask)


@dataclass(frozen=True, slots=True)
class Service:
    """What was made: its files, and what is left for the user to do."""

    slug: str
    files: list[str]
    warnings: Sequence[str] = ()


def preview(request: Request) -> Service:
    """Return the service that `create` would make, and make none."""
    _require(request.dest)
    with TemporaryDirectory(prefix="eventsmith-") as scratch:
        return _render(request, Path(scratch))


def create(request: Request, *, lock: bool = True, commit: bool = True) -> Service:
    """Make the service in a new or empty folder; a failure leaves that folder as it was."""
    dest = request.dest
    _require(dest)
    with _undone_on_failure(dest):
        service = _render(request, dest)
        attempts = (lock and _lock(dest), commit and _commit(dest))
        return replace(service, warnings=[warning for warning in attempts if warning])


def _require(dest: Path) -> None:
    git.require()
    if dest.exists() and not dest.is_dir():
        raise EventsmithError(f"{dest} is a file; name a new or an empty folder")
    if dest.is_dir() and any(dest.iterdir()):
        raise EventsmithError(f"{dest} is not empty; name a new or an empty folder")


def _render(request: Request, folder: Path) -> Service:
    answers = render(request.source, folder, request.answers)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return Service(str(answers["project_slug"]), files)


@contextlib.contextmanager
def _undone_on_failure(dest: Path) -> Iterator[None]:
    """Make `dest`; when the body fails or is stopped, leave no more than there was before."""
    missing = [folder for folder in (dest, *dest.parents) if not folder.exists()]
    dest.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for entry in dest.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        with contextlib.suppress(OSError):  # somebody else has put something there meanwhile
            for folder in missing:
                folder.rmdir()
        raise


def _lock(dest: Path) -> str | None:
    if shutil.which("uv") is None:
        return None
    done = process.run(["uv", "lock"], dest)
    if done.ok:
        return None
    return f"nothing is locked ({done.reason}); run: uv lock --project {quote(str(dest))}"


def _commit(dest: Path) -> str | None:
    if git.inside_work_tree(dest):
        return None
    message = f"Start from eventsmith {version('eventsmith')}"
    if reason := git.commit_everything(dest, message):
        again = f"git add --all && git commit --message {quote(message)}"
        return f"nothing is committed ({reason}); run: cd {quote(str(dest))} && {again}"
    return None

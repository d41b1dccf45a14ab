"""`eventsmith prove`: the exhaustive suite of the chassis, run against a service."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith import git
from eventsmith.errors import EventsmithError
from eventsmith.plumbing import kept
from eventsmith.proving.suite import suite_of
from eventsmith.service import Service, find
from eventsmith.uv import environment, uv

# The tests of pages and settings that every owner may rewrite; the template runs them on its own.
_PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Request:
    """The service, and what of the suite to run: the tests that `expression` selects, or chaos.

    `chaos` is how many seconds it lasts; the same `seed` makes the same choices.
    """

    folder: Path
    expression: str | None = None
    chaos: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the service held, and by the suite of which version."""

    service: str
    suite: str
    held: bool


def prove(request: Request) -> Proof:
    """Run the suite, which prints what it finds; raises EventsmithError where it cannot be run.

    It runs in a copy of the service, in the environment that its uv.lock describes with what the
    suite needs on top: neither the files of the service nor its environment are touched.
    """
    service = find(request.folder)
    _refuse_unready(service)
    with suite_of(service) as suite, TemporaryDirectory(prefix="eventsmith-") as scratch:
        place, tests = Path(scratch, "service"), Path(scratch, "tests/chassis")
        _copy(service.folder, place)
        shutil.copytree(suite.folder, tests, ignore=shutil.ignore_patterns("__pycache__"))
        needed = ("--with-requirements", str(tests / "requirements.txt"))
        command = [uv(), "run", "--frozen", "--quiet", *needed, "python", *_program(request, tests)]
        given = {"PYTHONPATH": str(tests.parent), "PROVED_PACKAGE": str(service.answers["package"])}
        code = _run(command, place, environment(place) | given)
        return Proof(service.slug, suite.version, held=code == 0)


def _refuse_unready(service: Service) -> None:
    git.require()
    uv()
    chassis = f"src/{service.answers['package']}/chassis"
    if not (service.folder / chassis).is_dir():
        raise EventsmithError(f"{service.slug} has no {chassis}; run: eventsmith update")
    if not (service.folder / "uv.lock").is_file():
        raise EventsmithError(f"{service.slug} has no uv.lock; run: uv lock")


def _copy(folder: Path, place: Path) -> None:
    """Copy what git keeps of a service, changes included: nobody's .env, data or environment."""
    for path in kept(folder):
        if (folder / path).is_file():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / path, place / path)


def _program(request: Request, suite: Path) -> Sequence[str]:
    """Return what the interpreter is to run."""
    if request.chaos is not None:
        seed = [] if request.seed is None else ["--seed", str(request.seed)]
        return ["-m", "chassis.chaos", "--duration", f"{request.chaos:g}", *seed]
    place = str(suite)
    where = ["-c", str(suite / "pytest.ini"), "--rootdir", place, "--confcutdir", place]
    selected = [] if request.expression is None else ["-k", request.expression]
    return ["-m", "pytest", "-q", *where, *selected, "--ignore", str(suite / _PAGES), place]


def _run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
    """Run a program that prints for itself; it ends with this one."""
    with subprocess.Popen(command, cwd=folder, env=variables, stdin=subprocess.DEVNULL) as program:
        try:
            return program.wait()
        except BaseException:
            program.terminate()
            raise

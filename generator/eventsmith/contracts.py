"""What the service itself says of its contracts, asked by its own interpreter."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventsmith import process
from eventsmith.plumbing import Git
from eventsmith.service import Service

Verdict = Mapping[str, Any]  # with the keys type, status, findings and way_out


@dataclass(frozen=True, slots=True)
class Contracts:
    """A verdict for each contract; or `failure`, if they could not be compared; or neither."""

    verdicts: Sequence[Verdict] | None = None
    failure: str | None = None

    @property
    def state(self) -> str:
        """Whether the contracts were compared: run, failed or not run."""
        if self.failure is not None:
            return "failed"
        return "not run" if self.verdicts is None else "run"

    def status(self, event_type: str) -> str | None:
        """Return the word for one event's contract, if there is one."""
        found = (each["status"] for each in self.verdicts or () if each["type"] == event_type)
        return next(found, None)


def ask(service: Service) -> Contracts:
    """Run `<service> contracts check`; without an environment there is nothing to run."""
    program = next(_programs(service), None)
    if program is None:
        return Contracts()
    tracked = Git(service.folder).attempt("ls-files", "--error-unmatch", "--", str(program))
    if tracked.returncode == 0:
        return Contracts(failure=f"{program} is committed, and not run; remove it from git")
    answer = process.run([str(program), "contracts", "check", "--json"], service.folder)
    try:
        return Contracts([{**verdict} for verdict in json.loads(answer.out)])
    except (ValueError, TypeError):
        return Contracts(failure=answer.reason)


def _programs(service: Service) -> Iterator[Path]:
    """Yield the service's own command, in the environments that uv and people use.

    Other programs stand there as well, and a service may bear the name of one.
    """
    environments = (
        os.environ.get("UV_PROJECT_ENVIRONMENT"),
        ".venv",
        os.environ.get("VIRTUAL_ENV"),
    )
    for environment in environments:
        for place in (f"bin/{service.slug}", f"Scripts/{service.slug}.exe"):
            if environment and _is_own(service, file := service.folder / environment / place):
                yield file


def _is_own(service: Service, file: Path) -> bool:
    package = service.answers.get("package")
    wanted = [f"from {package}.{module} import main" for module in ("service", "cli")]
    return file.is_file() and any(each.encode() in file.read_bytes() for each in wanted)

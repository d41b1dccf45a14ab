"""Runs uv in services, with nothing of this shell's that would change them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from eventsmith.errors import EventsmithError

# What is meant for this program, or for other servers, must not reach the services.
_FOREIGN = re.compile(r"VIRTUAL_ENV|UV_PROJECT_ENVIRONMENT|PYTHON[A-Z]+|PYTEST_.+|PG[A-Z]+|OTEL_.+")
_SETTING = re.compile(r"^# ([A-Z_]+)=", re.MULTILINE)


def uv() -> str:
    """Return the uv on the PATH, or else the one installed beside this Python."""
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.exists() else None)
    if found is None:
        raise EventsmithError("uv was not found; install uv, then run this again")
    return found


def environment(service: Path) -> dict[str, str]:
    """Return this environment without settings of services: somebody's may point at staging."""
    example = service / ".env.example"
    settings = _SETTING.findall(example.read_text("utf-8")) if example.is_file() else ()
    return {
        name: value
        for name, value in os.environ.items()
        if not _FOREIGN.fullmatch(name) and name.upper() not in settings
    }


def run(service: Path, *command: str, given: Mapping[str, str] | None = None) -> str:
    """Run a command of uv in a service, and return what it printed."""
    done = subprocess.run(
        [uv(), *command],
        cwd=service,
        env={**environment(service), **(given or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise EventsmithError(f"uv {' '.join(command)} failed in {service}: {said}")
    return done.stdout

"""Installs rendered services, and starts the server that their tests can be pointed at."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from conftest import ROOT

SUITE = ROOT / "tests" / "chassis"
# What the surrounding test run says to tools must not reach the services' own.
_OURS = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH", "PYTEST_ADDOPTS")


def uv() -> str:
    """Return the uv installed beside this Python, or else the one on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found, "uv is among the test dependencies; run the tests by: make test"
    return found


def needed(program: str, purpose: str) -> str:
    """Return the path of a program of the system; in CI it must be there."""
    if path := shutil.which(program):
        return path
    missing = f"no {program} on the PATH; install it {purpose}"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def run(folder: Path, *command: str, **env: str) -> str:
    """Run `command` in a service; show what it printed when it fails."""
    surroundings = {key: value for key, value in os.environ.items() if key not in _OURS}
    done = subprocess.run(
        command,
        cwd=folder,
        env=surroundings | env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Installed:
    """A service with an environment of its own."""

    folder: Path

    def run(self, program: str, *args: str, **env: str) -> str:
        """Run one of its programs in its folder."""
        return run(self.folder, str(self.folder / ".venv" / "bin" / program), *args, **env)

    def check(self, mypy_cache: str) -> None:
        """Check it by its own rules of style, format and types."""
        self.run("ruff", "check", ".")
        self.run("ruff", "format", "--check", ".")
        self.run("mypy", MYPY_CACHE_DIR=mypy_cache)

    def answers(self) -> dict[str, object]:
        """Return what Copier recorded."""
        recorded = yaml.safe_load((self.folder / ".copier-answers.yml").read_text("utf-8"))
        assert isinstance(recorded, dict)
        return recorded


def install(folder: Path) -> Installed:
    """Install a service with its development group, as pinned."""
    run(folder, uv(), "venv", "--quiet", "--python", sys.executable)
    _add(folder, "--editable", ".", "--group", "dev")
    return Installed(folder)


def _add(folder: Path, *wanted: str) -> None:
    pins = ["--constraint", str(ROOT / "constraints.txt")]
    run(folder, uv(), "pip", "install", "--quiet", "--python", ".venv", *pins, *wanted)


def prove(service: Installed, *files: str, **env: str) -> None:
    """Run the exhaustive suite of the chassis against a service, or some files of it.

    In the environment that is pinned, where `eventsmith prove` takes the service's uv.lock.
    """
    equip(service)
    service.run("python", *of_suite(*files), **env | in_suite(service))


def equip(service: Installed) -> None:
    """Install what the suite needs beside the service's own dependencies."""
    _add(service.folder, "--requirement", str(SUITE / "requirements.txt"))


def of_suite(*files: str) -> list[str]:
    """Return what Python is told to run files of the suite, or all of it."""
    where = ["-c", SUITE / "pytest.ini", "--rootdir", SUITE, "--confcutdir", SUITE]
    paths = [SUITE / file for file in files] or [SUITE]
    return ["-m", "pytest", "-q", *map(str, (*where, *paths))]


def in_suite(service: Installed) -> dict[str, str]:
    """Return the variables by which the suite finds itself and a service."""
    (chassis,) = service.folder.glob("src/*/chassis")
    return {"PYTHONPATH": str(SUITE.parent), "PROVED_PACKAGE": chassis.parent.name}


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def redis_server(program: str, folder: Path) -> Iterator[str]:
    """Run a real redis-server that keeps nothing, and yield its URL."""
    port = free_port()
    settings = {"--port": str(port), "--bind": "127.0.0.1", "--dir": str(folder), "--save": ""}
    arguments = [part for setting in settings.items() for part in setting]
    with subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def wait_for_port(port: int) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")

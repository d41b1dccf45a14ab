"""Environments made for a run: the generated service's, and one for each peer."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import Peer

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"


class NotInstallable(Exception):
    """A peer that could not be installed here; the message is uv's last line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment and the folder that its programs run in."""

    folder: Path
    work: Path

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.folder / "bin" / name)

    def run(self, program: str, *arguments: str, folder: Path | None = None) -> None:
        """Run one of its programs to its end, in `folder` or its own; raises if it fails."""
        command = [self.program(program), *arguments]
        subprocess.run(command, cwd=folder or self.work, check=True, capture_output=True)

    def version(self, package: str) -> str:
        """Return the version of one of its packages."""
        code = f"from importlib.metadata import version; print(version({package!r}))"
        command = [self.program("python"), "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()


def render(folder: Path) -> Path:
    """Render the template of this checkout, uncommitted changes included, as `orders`."""
    command = [sys.executable, "-m", "copier", "copy", "--vcs-ref=HEAD", "--defaults", "--quiet"]
    subprocess.run([*command, str(ROOT), str(folder)], check=True, capture_output=True)
    return folder


def install_service(folder: Path) -> Environment:
    """Install a rendered service with its embedded servers, as pinned."""
    wanted = ["--constraint", str(CONSTRAINTS), "--editable", str(folder), "--group"]
    return _install(folder / ".venv", folder, *wanted, f"{folder / 'pyproject.toml'}:dev")


def install_tool(folder: Path) -> Environment:
    """Install the command from this checkout as its users do: its wheel, and what that needs."""
    return _install(folder / "tool", folder, "--constraint", str(CONSTRAINTS), str(ROOT))


def install_peer(peer: Peer, folder: Path) -> Environment:
    """Install a peer; raises NotInstallable."""
    try:
        return _install(folder / peer.name, folder, *peer.requirements)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["uv does not say why"]
        raise NotInstallable(lines[-1].strip()) from error


def _install(venv: Path, work: Path, *wanted: str) -> Environment:
    uv, surroundings = str(Path(sys.executable).with_name("uv")), os.environ | {"VIRTUAL_ENV": ""}
    for command in (
        ["venv", "--quiet", "--no-project", "--allow-existing", "--python", sys.executable, venv],
        ["pip", "install", "--quiet", "--python", venv, *wanted],
    ):
        subprocess.run(
            [uv, *map(str, command)], check=True, capture_output=True, text=True, env=surroundings
        )
    return Environment(venv, work)

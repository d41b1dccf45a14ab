"""Builds a service's Dockerfile unchanged, and runs the image as a container runtime would.

There need be no registry and no runtime: the images that the Dockerfile names are made here, of
Debian's packages and our own uv, and a container is a process in namespaces of its own.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from running import needed, uv

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
STOP_TIMEOUT = 30.0
"""Seconds."""
# Runs in mount and process namespaces of its own: root, then the user, then env and the command.
RUNTIME = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount --rbind /dev "$1/dev" &&
mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/tmp" &&
root=$1 user=$2 && shift 2 && exec chroot --userspec="$user" --groups= "$root" /usr/bin/env -i "$@"
"""


class Builder:
    """A buildah with a store of its own, in which the images that a Dockerfile starts from are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buildah = needed("buildah", "to build the image")

    def __call__(self, *args: str) -> str:
        """Run buildah and return what it printed."""
        store = [f"--root={self._folder / 'images'}", f"--runroot={self._folder / 'state'}"]
        done = subprocess.run(
            [self._buildah, *store, *args],
            env=os.environ | {"TMPDIR": str(self._folder)},  # and the caches of RUN --mount
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def make_bases(self, dockerfile: str) -> None:
        """Make what stands in for python:3.x-slim-SUITE and for uv's own image."""
        (python,) = set(re.findall(r"^FROM (python:[\d.]+-slim-\w+)", dockerfile, re.MULTILINE))
        (tool,) = re.findall(r"^COPY --from=(\S+/uv:[\d.]+) /uv ", dockerfile, re.MULTILINE)
        suite = python.rpartition("-")[2]
        debian = self._folder / "debian.tar"
        packages = "--include=python3,ca-certificates,passwd"
        command = [needed("mmdebstrap", "to make the base image"), "--variant=apt"]
        subprocess.run([*command, packages, "--quiet", suite, debian], check=True)
        self._commit(python, (str(debian), "/"), (CERTIFICATES, CERTIFICATES))
        self._commit(tool, (uv(), "/uv"))
        debian.unlink()

    def _commit(self, name: str, *files: tuple[str, str]) -> None:
        container = self("from", "scratch")
        for source, target in files:
            self("add", container, source, target)
        self("config", f"--env=SSL_CERT_FILE={CERTIFICATES}", container)
        self("commit", "--quiet", "--rm", container, name)

    def build(self, context: Path, *options: str) -> str:
        """Build the Dockerfile in a folder and return the image's id."""
        index = os.environ.get("UV_DEFAULT_INDEX")
        given = [f"--build-arg=UV_DEFAULT_INDEX={index}"] if index else []
        how = ["--isolation=chroot", "--format=docker", "--pull-never", "--quiet"]
        return self("bud", *how, *given, *options, str(context)).splitlines()[-1]

    def image(self, name: str) -> "Image":
        """Return the image's files and settings."""
        container = self("from", name)
        found = json.loads(self("inspect", container))["Docker"]["config"]
        return Image(Path(self("mount", container)), found)


class Container:
    """A running image."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Return its process 1, by the number that it has out here."""
        unshare = self._process.pid
        return int(Path(f"/proc/{unshare}/task/{unshare}/children").read_text("ascii"))

    def status(self, name: str) -> list[str]:
        """Return what the kernel says of its process 1."""
        lines = Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines()
        return next(line.split()[1:] for line in lines if line.startswith(f"{name}:"))

    def stop(self) -> int:
        """Send SIGTERM to its process 1, and return its exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return self._process.wait(STOP_TIMEOUT)

    def kill(self) -> None:
        """End it, if it still runs; with process 1 all others end as well."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError, ValueError):
                os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Image:
    """An image: its files below `root`, and what it says about itself."""

    root: Path
    config: dict[str, Any]

    def _command(self, args: tuple[str, ...], env: Mapping[str, str]) -> list[str]:
        """Return what runs it: as its own user, process 1, on a root that cannot be written."""
        apart = ["unshare", "--mount", "--pid", "--fork"]
        shell = ["sh", "-c", RUNTIME, "sh", str(self.root), self.config["User"]]
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in env.items())]
        return [*apart, *shell, f"--chdir={self.config['WorkingDir']}", *variables, *args]

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the image to its end."""
        command = self._command(args, env)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    @contextmanager
    def running(self, log: Path, *args: str, **env: str) -> Iterator[Container]:
        """Run the image's own program for the block, and kill it if it still runs then."""
        command = self._command((*self.config["Entrypoint"], *args), env)
        with (
            log.open("wb") as output,
            subprocess.Popen(command, stdout=output, stderr=output) as process,
        ):
            container = Container(process)
            try:
                yield container
            finally:
                container.kill()

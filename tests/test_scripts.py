"""The scripts behind make: pip's configuration for uv, and a set-up that blocks no other try."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

sys.path.append(str(ROOT / "scripts"))
import uv_env


def test_passes_pips_settings_on_to_uv() -> None:
    settings = {
        "index-url": "https://mirror.example.com/a",
        "extra-index-url": "https://mirror.example.com/b\nhttps://mirror.example.com/c",
        "find-links": "/one /two",
        "cert": "/ca.pem",
    }

    assert uv_env.uv_environment(settings, {"HOME": "/h"}) == {
        "HOME": "/h",
        "UV_DEFAULT_INDEX": "https://mirror.example.com/a",
        "UV_INDEX": "https://mirror.example.com/b https://mirror.example.com/c",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/one,/two",
        "SSL_CERT_FILE": "/ca.pem",
    }


def test_leaves_what_uv_was_told_itself() -> None:
    told = {"UV_DEFAULT_INDEX": "https://mirror.example.com/mine"}

    assert uv_env.uv_environment({"index-url": "https://mirror.example.com/a"}, told) == told


def test_reads_pips_files_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text(
        "[global]\ncert = /a\nfind-links = /b\n[install]\ncert = /c\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", "/d")

    settings = uv_env.pip_settings()

    assert (settings["cert"], settings["find-links"]) == ("/c", "/d")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a folder in which the set-up can be run, with a uv that needs no network."""
    (tmp_path / "scripts").mkdir()
    for name in ("setup.sh", "uv_env.py"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    fake = """#!/bin/sh
for last; do :; done
case $1 in
  venv) mkdir -p build && mkdir "$last" ;;
  *) test -z "$OFFLINE" ;;
esac
"""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(fake)
    (tmp_path / "bin" / "uv").chmod(0o755)
    return tmp_path


def set_up(
    folder: Path, python: str = sys.executable, **env: str
) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{env.pop('PATH', os.environ['PATH'])}"
    return subprocess.run(
        ["sh", "scripts/setup.sh", python],
        cwd=folder,
        env=os.environ | env | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_set_up_that_fails_blocks_no_other_try(checkout: Path) -> None:
    assert set_up(checkout, OFFLINE="1").returncode != 0
    assert not (checkout / ".venv").exists()

    assert set_up(checkout).returncode == 0
    assert (checkout / ".venv" / "complete").exists()


def test_a_set_up_that_fails_keeps_the_one_before(checkout: Path) -> None:
    set_up(checkout)

    assert set_up(checkout, OFFLINE="1").returncode != 0
    assert (checkout / ".venv" / "complete").exists()


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        ("exit 1", "is not Python 3.11 or newer; run: make PYTHON="),
        ('case "$2" in *ensurepip*) exit 1; esac', "has no venv module; install python3-venv"),
    ],
)
def test_a_python_that_will_not_do_is_told_in_one_line(
    checkout: Path, script: str, advice: str
) -> None:
    (checkout / "bin" / "uv").unlink()
    python = checkout / "bin" / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)

    done = set_up(checkout, str(python), PATH="/usr/bin:/bin")

    assert done.returncode == 1
    assert advice in done.stderr
    assert len(done.stderr.splitlines()) == 1

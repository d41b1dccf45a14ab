"""A service stays as small as was agreed: the table, by `pytest -rP` or `python tests/sizes.py`."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from conftest import ROOT
from rendering import MAIN, render
from sizes import BESIDE_THE_PATH, sizes, table


@pytest.fixture
def service(copie_session: Copie) -> Path:
    return render(copie_session, "default", MAIN["default"]).folder


def test_every_part_is_within_its_budget(service: Path) -> None:
    found = sizes(service)
    sys.stdout.write(f"\n{table(found)}\n")

    assert [f"{size.what}: {size.found} {size.unit}" for size in found if not size.holds] == []


def test_what_does_not_count_as_the_path_of_an_event_exists(service: Path) -> None:
    (messaging,) = service.glob("src/*/chassis/messaging")

    assert [name for name in BESIDE_THE_PATH if not (messaging / name).is_file()] == []


def test_a_part_that_outgrows_its_budget_is_named(service: Path) -> None:
    (dev,) = service.glob("src/*/chassis/dev")
    large = dev / "large.py"
    large.write_text("\n" * 10_000, "utf-8")
    try:
        done = subprocess.run(
            [sys.executable, ROOT / "tests" / "sizes.py", service],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        large.unlink()

    assert done.returncode == 1
    assert any(line.startswith("dev/") and "OVER" in line for line in done.stdout.splitlines())

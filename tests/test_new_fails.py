"""`eventsmith new`: what goes wrong half-way ends in one line, and leaves the disk as it was."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Eventsmith, assert_refused

QUICK = ("--no-lock", "--no-git")


def test_a_template_that_breaks_half_way(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    (stand_in / "template/service/zz.txt.jinja").write_text("{{ 1 / 0 }}")
    (tmp_path / "empty").mkdir()

    for dest in ("a/b/orders", "empty"):
        result = eventsmith("new", dest, *QUICK, "--template", stand_in)
        assert_refused(result, "division by zero")
    assert list(tmp_path.rglob("*")) == [tmp_path / "empty"]


def test_a_template_that_wants_to_run_code(eventsmith: Eventsmith, stand_in: Path) -> None:
    with (stand_in / "copier.yml").open("a") as file:
        file.write("_tasks: [touch ran]\n")

    assert_refused(eventsmith("new", "orders", "--template", stand_in), "unsafe")
    assert not Path("orders").exists()


@pytest.mark.parametrize("template", ["nowhere", "file:///nowhere.git"])
def test_a_template_that_is_not_there(eventsmith: Eventsmith, template: str) -> None:
    result = eventsmith("new", "orders", "--template", template)

    assert_refused(result, template)
    assert "Command line" not in result.stderr  # git's own words say more


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_being_stopped_leaves_nothing(
    tmp_path: Path, stand_in: Path, fake_uv: Callable[[str], None], stop: int, code: int
) -> None:
    # A test run in the background is started with Ctrl-C ignored, and would hand that on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    fake_uv("exec sleep 30")
    command = [sys.executable, "-m", "eventsmith", "new", "a/orders", "--template", str(stand_in)]
    running = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    deadline = time.monotonic() + 20
    while not (tmp_path / "a/orders/name.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    os.killpg(running.pid, stop)

    assert running.wait(timeout=10) == code
    assert not (tmp_path / "a").exists()

"""`eventsmith demo`, run for real: its report is right, and nothing outlives it."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from conftest import Eventsmith, git
from eventsmith.demo import fresh_folder
from running import Installed

HANDLER = "src/inventory/handlers/orders_order_created.py"
LIMIT = 150
"""Seconds; a run takes 25 on two idle cores."""
SERVERS = """
from orders.chassis.dev import Postgres, Valkey
from orders.chassis.dev.everything import FOLDER
print(Postgres(FOLDER / "postgres").running, Valkey(FOLDER / "valkey").running)
"""


@contextmanager
def running_demo(folder: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo as a program of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "eventsmith", "demo", *args],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        too_long = Timer(LIMIT, demo.terminate)
        too_long.start()
        try:
            yield demo
        finally:
            too_long.cancel()
            demo.terminate()


def read_until(demo: subprocess.Popen[str], words: str) -> str:
    """Return what the demo says, up to the line with these words."""
    said = ""
    for line in demo.stdout or ():
        said += line
        if words in line:
            return said
    raise AssertionError(f"never said {words!r}:\n{said}")


def assert_nothing_is_left(orders: Installed, said: str) -> None:
    for port in set(re.findall(r"http://127\.0\.0\.1:(\d+)", said)):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", int(port))) != 0, f"port {port} is served"
    assert orders.run("python", "-c", SERVERS).split() == ["False", "False"]


def figures(said: str) -> dict[str, str]:
    """Return the report's rows."""
    rows = re.findall(r"^  ([a-z-]+(?: [a-z]+)*?) {2,}(\d+) ", said, re.MULTILINE)
    return dict(rows)


def test_accounts_for_every_order_and_leaves_nothing_running(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--keep-running") as demo:
        said = read_until(demo, "uv run inventory dead-letters list")
        ours, theirs = (
            Installed(tmp_path / ".demo/1/orders"),
            Installed(tmp_path / ".demo/1/inventory"),
        )
        theirs.run("ruff", "check", HANDLER)
        theirs.run("ruff", "format", "--check", HANDLER)
        theirs.run("mypy", HANDLER)
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)

    assert demo.returncode == 0, said + rest
    assert figures(said) | {"retried": ""} == {
        "posted": "50",
        "published": "50",
        "handled once": "49",
        "retried": "",
        "dead-lettered": "1",
        "unaccounted for": "0",
    }
    assert int(figures(said)["retried"]) >= 1
    assert re.search(r"\d  orders +http\.request +POST /orders 201\n", said)
    assert re.search(r"\d  inventory +event\.failed +orders\.OrderCreated\.v1, attempt 1", said)
    assert re.search(r"\d  inventory +event\.handled +inventory\.ReservationCreated\.v1", said)
    assert_nothing_is_left(ours, said + rest)


def test_leaves_nothing_running_when_it_is_stopped_half_way(tmp_path: Path) -> None:
    with running_demo(tmp_path, "here") as demo:
        said = read_until(demo, "inventory starts again")
        demo.terminate()
        rest, _ = demo.communicate(timeout=60)

    assert demo.returncode == 128 + signal.SIGTERM
    assert "Everything is stopped. The logs: here/*.log" in rest
    assert_nothing_is_left(Installed(tmp_path / "here/orders"), said)


def test_each_run_has_a_folder_of_its_own_that_git_ignores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init")

    assert [fresh_folder(None) for _ in range(2)] == [Path(".demo/1"), Path(".demo/2")]
    assert git(tmp_path, "status", "--porcelain") == ""


def test_refuses_a_folder_with_something_in_it(eventsmith: Eventsmith, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()

    result = eventsmith("demo", "full")

    assert result.exit_code == 1
    assert "error: full is taken" in result.stderr

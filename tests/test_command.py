"""The command line itself: help, versions, bugs, terminals."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Eventsmith, program
from eventsmith import new, process
from eventsmith.naming import nearest, slug, title

EMPTY_APP = """
import typer
app = typer.Typer()
app.callback()(lambda: None)
app.command()(lambda: None)
app()
"""


def test_without_a_command_it_shows_help(eventsmith: Eventsmith) -> None:
    result = eventsmith()

    assert result.exit_code == 0
    assert "Make a service in the folder DEST." in result.stdout


def test_runs_as_a_module_and_prints_its_version(tmp_path: Path) -> None:
    done = program("--version", cwd=tmp_path)

    assert done.stdout == "eventsmith 0.1.0\n"
    assert done.returncode == 0


def test_debug_shows_where_an_error_comes_from(eventsmith: Eventsmith) -> None:
    result = eventsmith("--debug", "new", "class", "--no-lock", "--no-git")

    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_debug_takes_help_for_no_error(eventsmith: Eventsmith) -> None:
    result = eventsmith("--debug", "new", "--help")

    assert (result.exit_code, result.stderr) == (0, "")


def test_asks_other_programs_to_speak_english(tmp_path: Path) -> None:
    assert process.run(["sh", "-c", "echo $LC_ALL"], tmp_path).out == "C\n"


def test_a_bug_is_one_line_too(eventsmith: Eventsmith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "render", lambda *_: 1 / 0)

    result = eventsmith("new", "orders", "--no-lock", "--no-git")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: a bug in eventsmith (ZeroDivision")
    assert "Traceback" not in result.stderr


def test_a_folder_that_cannot_be_written_is_named(eventsmith: Eventsmith) -> None:
    result = eventsmith("new", "/dev/null/orders", "--no-lock", "--no-git")

    assert result.exit_code == 1
    assert "error: Not a directory: /dev/null/orders" in result.stderr


def test_help_is_as_fast_as_an_empty_app() -> None:
    def seconds(*command: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *command, "--help"], check=True, capture_output=True)
        return time.perf_counter() - start

    # The best of several, taken in turns: a busy machine slows both.
    pairs = [(seconds("-m", "eventsmith"), seconds("-c", EMPTY_APP)) for _ in range(5)]
    ours, empty = (min(times) for times in zip(*pairs, strict=True))
    assert ours <= 1.5 * empty


def test_asks_on_a_terminal(tmp_path: Path, stand_in: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "eventsmith", "new", "billing", "--no-lock", "--no-git"]
    with subprocess.Popen(
        [*command, "--template", str(stand_in), "-d", "project_slug=bills"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
    ):
        os.close(theirs)
        read_until(ours, b"Billing")
        os.write(ours, b" and more\r")
        read_until(ours, b"(Y/n)")
        os.write(ours, b"n")
        read_until(ours, b"uv run bills dev")
    os.close(ours)

    assert (tmp_path / "billing/name.txt").read_text() == "Billing and more False\n"


def read_until(terminal: int, words: bytes) -> None:
    screen = b""
    while words not in screen:
        screen += os.read(terminal, 1024)
    assert b"project_slug" not in screen  # it was answered by -d
    assert b"create" not in screen  # Copier's own report


@pytest.mark.parametrize(
    ("folder", "slugged", "titled"),
    [
        ("orders", "orders", "Orders"),
        ("user-profile", "user-profile", "User Profile"),
        ("UserProfile", "user-profile", "User Profile"),
        ("My Café_2", "my-cafe-2", "My Cafe 2"),
        ("--a__b--", "a-b", "A B"),
        ("🎉", "", ""),
    ],
)
def test_derives_names_from_folders(folder: str, slugged: str, titled: str) -> None:
    assert (slug(folder), title(folder)) == (slugged, titled)


def test_the_nearest_name_is_the_one_that_was_meant() -> None:
    assert nearest("agregate", ["ci", "aggregate"]) == "aggregate"
    assert nearest("zzz", ["ci", "aggregate"]) is None

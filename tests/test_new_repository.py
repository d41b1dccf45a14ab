"""`eventsmith new`: the lock and the first commit, and where they are not made."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Eventsmith, git, program, tree

QUICK = ("--no-lock", "--no-git")
FakeUv = Callable[[str], None]


def test_locks_and_commits_everything(eventsmith: Eventsmith, fake_uv: FakeUv) -> None:
    fake_uv('test "$1" = lock && touch uv.lock')

    result = eventsmith("new", "orders")

    assert result.exit_code == 0, result.output
    orders = Path("orders")
    assert git(orders, "status", "--porcelain") == ""
    assert git(orders, "ls-files").splitlines() == tree(orders)
    assert "uv.lock" in tree(orders)
    assert git(orders, "rev-list", "--count", "HEAD") == "1"


def test_without_lock_and_git_makes_neither(eventsmith: Eventsmith, fake_uv: FakeUv) -> None:
    fake_uv("touch uv.lock")

    assert eventsmith("new", "orders", *QUICK).exit_code == 0
    assert not Path("orders/uv.lock").exists()
    assert not Path("orders/.git").exists()


def test_a_lock_that_fails_is_a_note_with_the_command_to_type(
    eventsmith: Eventsmith, fake_uv: FakeUv
) -> None:
    fake_uv("echo warning: x >&2; echo 'error: no network today' >&2; exit 2")

    result = eventsmith("new", "orders", "--no-git")

    assert result.exit_code == 0
    assert "note: nothing is locked (error: no network today); run: uv lock" in result.stderr


def test_a_commit_that_fails_is_a_note_with_the_command_to_type(
    eventsmith: Eventsmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / ".gitconfig"
    stranger.write_text("[user]\nuseConfigOnly = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(stranger))

    result = eventsmith("new", "orders", "--no-lock")

    assert result.exit_code == 0
    assert "note: nothing is committed (fatal: no email was given" in result.stderr
    stranger.write_text("[user]\nname = Ada\nemail = ada@example.com\n")
    subprocess.run(["sh", "-ec", result.stderr.partition("run: ")[2]], check=True)
    assert git(Path("orders"), "rev-list", "--count", "HEAD") == "1"


def test_inside_another_work_tree_makes_no_repository(
    eventsmith: Eventsmith, tmp_path: Path
) -> None:
    git(tmp_path, "init")

    result = eventsmith("new", "services/orders", "--no-lock")

    assert result.exit_code == 0
    assert result.stderr == "" or "the template in" in result.stderr
    assert not Path("services/orders/.git").exists()


def test_inside_somebody_elses_work_tree_makes_no_repository(
    tmp_path: Path, stand_in: Path
) -> None:
    git(tmp_path, "init")
    stranger = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}

    done = program("new", "orders", "--no-lock", "--template", stand_in, cwd=tmp_path, **stranger)

    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "orders/.git").exists()


def test_leaves_the_repository_of_a_calling_git_hook_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "caller")
    caller = tmp_path / "caller" / ".git"

    done = program("new", "orders", "--no-lock", cwd=tmp_path, GIT_DIR=str(caller))

    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "orders", "rev-list", "--count", "HEAD") == "1"
    assert git(tmp_path / "caller", "rev-list", "--count", "--all") == "0"

"""`eventsmith new`: what it makes, says, locks and commits."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Eventsmith, git, program, tree

QUICK = ("--no-lock", "--no-git")
FakeUv = Callable[[str], None]


def answers(service: Path) -> dict[str, object]:
    recorded = yaml.safe_load((service / ".copier-answers.yml").read_text())
    assert isinstance(recorded, dict)
    return recorded


def test_names_the_service_after_its_folder(eventsmith: Eventsmith) -> None:
    result = eventsmith("new", "shops/user-profile", *QUICK)

    assert result.exit_code == 0, result.output
    recorded = answers(Path("shops/user-profile"))
    assert recorded["project_name"] == "User Profile"
    assert recorded["project_slug"] == "user-profile"


def test_makes_a_slug_of_a_folder_with_blanks(eventsmith: Eventsmith) -> None:
    result = eventsmith("new", "My Shop", *QUICK)

    assert result.exit_code == 0, result.output
    assert answers(Path("My Shop"))["project_slug"] == "my-shop"
    assert "cd 'My Shop'" in result.stdout


def test_prints_the_next_three_commands(eventsmith: Eventsmith) -> None:
    result = eventsmith("new", "orders", *QUICK)

    assert result.stdout.splitlines()[1:] == ["  cd orders", "  uv sync", "  uv run orders dev"]


def test_fills_the_empty_folder_it_stands_in(
    eventsmith: Eventsmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "billing").mkdir()
    monkeypatch.chdir(tmp_path / "billing")

    assert eventsmith("new", ".", *QUICK).exit_code == 0
    assert answers(tmp_path / "billing")["project_slug"] == "billing"


def test_takes_answers_from_the_command_line(eventsmith: Eventsmith) -> None:
    result = eventsmith("new", "x1", *QUICK, "-d", "project_slug=shop", "-d", "with_example=no")

    assert result.exit_code == 0, result.output
    assert answers(Path("x1"))["project_slug"] == "shop"
    assert answers(Path("x1"))["with_example"] is False
    assert "uv run shop dev" in result.stdout


def test_dry_run_lists_the_files_and_writes_none(eventsmith: Eventsmith, tmp_path: Path) -> None:
    listed = eventsmith("new", "orders", "--dry-run").stdout.splitlines()

    assert list(tmp_path.iterdir()) == []
    assert eventsmith("new", "orders", *QUICK).exit_code == 0
    assert listed == tree(tmp_path / "orders")


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


def test_leaves_the_repository_of_a_calling_git_hook_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "caller")
    caller = tmp_path / "caller" / ".git"

    done = program("new", "orders", "--no-lock", cwd=tmp_path, GIT_DIR=str(caller))

    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "orders", "rev-list", "--count", "HEAD") == "1"
    assert git(tmp_path / "caller", "rev-list", "--count", "--all") == "0"


def test_records_this_checkout_as_its_template(eventsmith: Eventsmith) -> None:
    assert eventsmith("new", "orders", *QUICK).exit_code == 0
    assert answers(Path("orders"))["_src_path"] == str(ROOT)

"""`eventsmith new`: what it makes, says, locks and commits."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Eventsmith, tree

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


def test_records_this_checkout_as_its_template(eventsmith: Eventsmith) -> None:
    assert eventsmith("new", "orders", *QUICK).exit_code == 0
    assert answers(Path("orders"))["_src_path"] == str(ROOT)

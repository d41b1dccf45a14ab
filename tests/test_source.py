"""Where `eventsmith new` finds its template, and what it says about it."""

from pathlib import Path

import pytest
import yaml

from conftest import Eventsmith, git, program
from eventsmith.errors import EventsmithError
from eventsmith.template import checkout, source

QUICK = ("--no-lock", "--no-git")


def recorded(key: str) -> object:
    return yaml.safe_load(Path("orders/.copier-answers.yml").read_text()).get(key)


def test_a_clean_checkout_is_recorded_without_a_word(
    eventsmith: Eventsmith, stand_in: Path
) -> None:
    result = eventsmith("new", "orders", *QUICK, "--template", stand_in)

    assert result.stderr == ""
    assert recorded("_src_path") == str(stand_in)
    assert recorded("_commit") == "v1.0.0"


def test_a_checkout_is_used_at_head_and_not_at_its_last_release(
    eventsmith: Eventsmith, stand_in: Path
) -> None:
    (stand_in / "template/service/newer.txt").write_text("newer")
    git(stand_in, "add", "--all")
    git(stand_in, "commit", "--message", "Newer")

    result = eventsmith("new", "orders", *QUICK, "--template", stand_in)

    assert result.stderr == ""
    assert Path("orders/newer.txt").exists()
    assert str(recorded("_commit")).startswith("v1.0.0-1-g")


def test_an_address_is_used_at_its_last_release(eventsmith: Eventsmith, stand_in: Path) -> None:
    (stand_in / "template/service/newer.txt").write_text("newer")
    git(stand_in, "add", "--all")
    git(stand_in, "commit", "--message", "Newer")

    result = eventsmith("new", "orders", *QUICK, "--template", f"file://{stand_in}/.git")

    assert result.exit_code == 0, result.stderr
    assert not Path("orders/newer.txt").exists()
    assert recorded("_commit") == "v1.0.0"


def test_an_address_without_releases_is_used_without_a_word(
    eventsmith: Eventsmith, stand_in: Path
) -> None:
    git(stand_in, "tag", "--delete", "v1.0.0")

    result = eventsmith("new", "orders", *QUICK, "--template", f"file://{stand_in}/.git")

    assert (result.exit_code, result.stderr) == (0, "")


def test_a_relative_path_is_recorded_as_an_absolute_one(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    (tmp_path / "near").symlink_to(stand_in)

    assert eventsmith("new", "orders", *QUICK, "--template", "near").exit_code == 0
    assert recorded("_src_path") == str(stand_in)


def test_uncommitted_changes_are_used_and_told(eventsmith: Eventsmith, stand_in: Path) -> None:
    (stand_in / "template/service/draft.txt").write_text("draft")

    result = eventsmith("new", "orders", *QUICK, "--template", stand_in)

    assert Path("orders/draft.txt").exists()
    assert result.stderr.startswith(f"note: the template in {stand_in} has uncommitted changes")
    assert len(result.stderr.splitlines()) == 1


def test_a_repository_without_a_commit_is_used_and_told(
    eventsmith: Eventsmith, stand_in: Path
) -> None:
    git(stand_in, "update-ref", "-d", "HEAD")
    git(stand_in, "tag", "--delete", "v1.0.0")

    result = eventsmith("new", "orders", *QUICK, "--template", stand_in)

    assert result.exit_code == 0, result.stderr
    assert "has no commit yet" in result.stderr


def test_somebody_elses_checkout_is_used_and_told(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stranger = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}

    done = program("new", "orders", *QUICK, "--template", stand_in, cwd=tmp_path, **stranger)

    assert done.returncode == 0, done.stderr
    assert "belongs to another user" in done.stderr
    assert recorded("_commit") is None


def test_an_unpacked_archive_is_used_and_told(eventsmith: Eventsmith, stand_in: Path) -> None:
    (stand_in / ".git").rename(stand_in / "elsewhere")

    result = eventsmith("new", "orders", *QUICK, "--template", stand_in)

    assert result.exit_code == 0, result.stderr
    assert "is no git repository" in result.stderr


def test_an_installation_without_a_template_asks_for_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkout, "CHECKOUT", tmp_path)

    with pytest.raises(EventsmithError, match="name one with --template"):
        source.find(None)

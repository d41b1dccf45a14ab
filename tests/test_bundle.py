"""The history that a wheel carries: which releases are in it, under which names, byte for byte."""

from pathlib import Path

import bundling
import pytest

from conftest import git


@pytest.fixture
def made(stand_in: Path, tmp_path: Path) -> "Made":
    return Made(stand_in, tmp_path)


class Made:
    """The bundles of a checkout."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.checkout = checkout
        self._folder = folder

    def release(self, version: str, text: str = "") -> None:
        """Change the template and tag it."""
        (self.checkout / "template/service/news.txt").write_text(text or version)
        git(self.checkout, "add", "--all")
        git(self.checkout, "commit", "--allow-empty", "--message", version)
        git(self.checkout, "tag", "--annotate", version, "--message", version)

    def bytes(self, version: str, checkout: Path | None = None) -> bytes:
        """Return the bundle of a package's version."""
        path = self._folder / "build" / "template.bundle"
        bundling.write(path, checkout or self.checkout, version)
        return path.read_bytes()

    def clone(self, version: str) -> Path:
        """Return a clone of the bundle."""
        (self._folder / "some.bundle").write_bytes(self.bytes(version))
        git(self._folder, "clone", "--quiet", "some.bundle", "clone")
        return self._folder / "clone"


def test_each_release_is_one_commit_in_the_order_of_versions(made: Made) -> None:
    for version in ("v1.10.0", "v1.9.0", "v2.0.0rc1"):
        made.release(version)

    clone = made.clone("2.0.0rc1")

    history = git(clone, "rev-list", "--reverse", "HEAD").split()
    names = [git(clone, "describe", "--tags", commit) for commit in history]
    assert names == ["v1.0.0", "v1.9.0", "v1.10.0", "v2.0.0rc1"]


def test_holds_the_template_with_its_suite_and_nothing_else(made: Made) -> None:
    (made.checkout / "README.md").write_text("not for services")
    (made.checkout / "tests/chassis/unit").mkdir(parents=True)
    for name in ("test_all.py", "chassis/pytest.ini", "chassis/unit/test_retry.py"):
        (made.checkout / "tests" / name).write_text(f"{name}\n")
    (made.checkout / "template/service/run.sh").write_text("#!/bin/sh\n")
    (made.checkout / "template/service/run.sh").chmod(0o755)
    made.release("v1.1.0")

    clone = made.clone("1.1.0")

    names = sorted(path.name for path in clone.iterdir())
    assert names == [".git", "copier.yml", "template", "tests"]
    assert [path.name for path in (clone / "tests").iterdir()] == ["chassis"]
    for folder in ("template", "tests/chassis"):
        there = git(made.checkout, "rev-parse", f"HEAD:{folder}")
        assert git(clone, "rev-parse", f"HEAD:{folder}") == there
    assert git(clone, "ls-tree", "-r", "--name-only", "v1.0.0", "--", "tests") == ""


def test_the_same_tags_give_the_same_bytes(made: Made, tmp_path: Path) -> None:
    made.release("v1.1.0", "news\n" * 1000)
    made.release("v1.2.0", "news\n" * 1001)
    elsewhere = tmp_path / "elsewhere"
    git(tmp_path, "clone", "--quiet", f"file://{made.checkout}", str(elsewhere))
    git(elsewhere, "repack", "-adfq", "--depth=1", "--window=1")
    git(elsewhere, "config", "i18n.commitEncoding", "latin1")
    git(elsewhere, "config", "user.name", "Bob")
    git(elsewhere, "tag", "nightly")

    assert made.bytes("1.2.0") == made.bytes("1.2.0", elsewhere)


def test_a_calling_git_hook_changes_nothing(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made.bytes("1.0.0")
    git(tmp_path, "init", "caller")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "caller/.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "caller"))

    assert made.bytes("1.0.0") == before


def test_a_release_built_again_later_is_the_same(made: Made) -> None:
    before = made.bytes("1.0.0")
    made.release("v1.1.0")
    git(made.checkout, "checkout", "--quiet", "v1.0.0")

    assert made.bytes("1.0.0") == before


def test_without_tags_the_head_is_the_version(made: Made) -> None:
    git(made.checkout, "tag", "--delete", "v1.0.0")

    clone = made.clone("0.1.0")

    assert git(clone, "describe", "--tags", "HEAD") == "v0.1.0"
    assert git(clone, "rev-list", "--count", "HEAD") == "1"


def test_a_version_that_is_not_released_yet_is_the_head(made: Made) -> None:
    made.release("v1.1.0")
    git(made.checkout, "tag", "--delete", "v1.1.0")

    clone = made.clone("1.1.0")

    assert git(clone, "tag").split() == ["v1.0.0", "v1.1.0"]
    assert (clone / "template/service/news.txt").read_text() == "v1.1.0"


def test_a_released_version_stays_what_it_was(made: Made) -> None:
    made.release("v1.1.0")
    git(made.checkout, "tag", "--delete", "v1.1.0")

    clone = made.clone("1.0.0")

    described = git(made.checkout, "describe", "--tags", "--abbrev=12")
    assert git(clone, "tag").split() == ["v1.0.0", described]
    assert git(clone, "describe", "--tags", "HEAD") == described
    assert (
        git(clone, "ls-tree", "-r", "--name-only", "v1.0.0", "--", "template/service/news.txt")
        == ""
    )


def test_a_change_beside_the_template_adds_nothing(made: Made) -> None:
    (made.checkout / "README.md").write_text("news")
    git(made.checkout, "add", "--all")
    git(made.checkout, "commit", "--message", "Documentation")

    assert git(made.clone("1.0.0"), "tag").split() == ["v1.0.0"]


def test_tags_that_are_no_versions_or_hold_no_template_are_left_out(made: Made) -> None:
    git(made.checkout, "tag", "vnext")
    git(made.checkout, "mv", "template", "elsewhere")
    git(made.checkout, "commit", "--message", "Before there was a template")
    git(made.checkout, "tag", "v0.9.0")
    git(made.checkout, "reset", "--quiet", "--hard", "HEAD~1")

    assert git(made.clone("1.0.0"), "tag").split() == ["v1.0.0"]


def test_a_head_without_a_template_is_refused(made: Made) -> None:
    git(made.checkout, "rm", "--quiet", "copier.yml")
    git(made.checkout, "commit", "--message", "Oh")

    with pytest.raises(ValueError, match="HEAD holds no template"):
        made.bytes("1.0.0")


def test_leaves_the_checkout_as_it_was(made: Made) -> None:
    before = git(made.checkout, "count-objects", "-v")

    made.bytes("2.0.0")

    assert git(made.checkout, "count-objects", "-v") == before
    assert (
        git(made.checkout, "for-each-ref", "--format=%(refname)", "refs/tags") == "refs/tags/v1.0.0"
    )

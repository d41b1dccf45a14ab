"""Whose file it is: the lists in copier.yml, and what the README of every service says of them."""

import re
from pathlib import Path

import pytest
from copier import run_copy

from conftest import ROOT
from eventsmith.ownership import Kind, Ownership
from rendering import MAIN, read

CI = (".github/", ".gitlab-ci.yml", "renovate.json")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("models.py", Kind.YOURS),
        ("inner/models.py", Kind.TEMPLATES),
        ("migrations/versions/0001.py", Kind.YOURS),
        ("events/sent.py", Kind.SHARED),
        ("events/base.py", Kind.TEMPLATES),
    ],
)
def test_patterns_are_those_of_gitignore(path: str, kind: Kind) -> None:
    service = {"yours": ["/models.py", "/migrations"], "shared": []}
    event = {"yours": [], "shared": ["/events/*.py", "!/events/base.py"]}

    assert Ownership.of([service, event]).kind(path) is kind


def test_a_template_without_lists_owns_everything() -> None:
    assert Ownership.of([{"yours": None}]).kind("README.md") is Kind.TEMPLATES


@pytest.mark.parametrize("name", MAIN)
def test_the_readme_names_every_file_that_is_not_the_templates(name: str, tmp_path: Path) -> None:
    worker = run_copy(str(ROOT), tmp_path, data=dict(MAIN[name]), defaults=True, quiet=True)
    ownership = Ownership.of([worker.answers.combined])
    text = (tmp_path / "README.md").read_text()
    files = [path for path in read(tmp_path) if not path.startswith(".copier-answers")]

    for kind in (Kind.YOURS, Kind.SHARED):
        row = re.search(rf"^\| {kind} \| (.+?) \|", text, re.MULTILINE)
        assert row
        words = [word.rstrip("/") for word in re.findall(r"`(.+?)`", row[1])]
        held = [path for path in files if ownership.kind(path) is kind]
        unnamed = [path for path in held if not any(_names(word, path) for word in words)]
        told_otherwise = ("README.md", "tests/") if kind is Kind.YOURS else CI
        assert [path for path in unnamed if not path.startswith(told_otherwise)] == []
        others = [path for path in files if ownership.kind(path) is not kind]
        assert [path for path in others if _ways(path) & set(words)] == []


def test_coding_agents_read_of_the_same_files(tmp_path: Path) -> None:
    run_copy(str(ROOT), tmp_path, defaults=True, quiet=True)
    row = (tmp_path / "README.md").read_text().partition("| shared | ")[2].partition(" |")[0]
    told = (tmp_path / "AGENTS.md").read_text().partition("- Shared,")[2].partition("\n- ")[0]

    assert {"AGENTS.md", *re.findall(r"`(.+?)`", told)} == set(re.findall(r"`(.+?)`", row))


def test_the_readme_calls_nothing_the_templates_that_is_not(tmp_path: Path) -> None:
    worker = run_copy(str(ROOT), tmp_path, defaults=True, quiet=True)
    ownership = Ownership.of([worker.answers.combined])
    text = (tmp_path / "README.md").read_text()

    row = re.search(r"^\| the template's \| (.+?) \|", text, re.MULTILINE)

    assert row
    for word in re.findall(r"`(.+?)`", row[1]):
        held = [path for path in read(tmp_path) if _names(word.rstrip("/"), path)]
        assert held, word
        assert {ownership.kind(path) for path in held} == {Kind.TEMPLATES}, word


def _names(word: str, path: str) -> bool:
    """Tell whether a README's word stands for the file or for a folder that it lies in."""
    return any(f"{way}/".startswith(f"{word}/") for way in _ways(path))


def _ways(path: str) -> set[str]:
    """Return the ways in which a README says a path: below the project, `src/` or the package."""
    return {path, path.removeprefix("src/"), re.sub(r"^src/[^/]+/", "", path)}

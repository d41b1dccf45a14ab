"""The services that tests render: every option in every combination, and awkward names."""

from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import yaml
from pytest_copie.plugin import Copie

Answers = dict[str, str | bool]

# Every option and its values; a test holds this against copier.yml.
OPTIONS: dict[str, list[str | bool]] = {
    "with_example": [True, False],
    "ci": ["github", "gitlab", "none"],
    "with_kubernetes": [True, False],
}

# The combinations whose list of files is kept in golden/, and that are installed and run.
MAIN: dict[str, Answers] = {
    "default": {},
    "empty": {"with_example": False, "ci": "none", "with_kubernetes": False},
    "gitlab": {"ci": "gitlab"},
}

AWKWARD: dict[str, Answers] = {
    "user-profile": {
        "project_name": "User Profile",
        "project_slug": "user-profile",
        "aggregate": "UserProfile",
    },
    "shortest": {"project_slug": "a", "aggregate": "Status"},
    "longest": {
        "project_slug": "customer-relationship-management-service",
        "aggregate": "Category",
    },
    "punctuated": {"project_name": 'Bob\'s "Burgers" & {{ more }}: 100 % \\ #1'},
}

EVERY: dict[str, Answers] = {
    "-".join(str(value) for value in values): dict(zip(OPTIONS, values, strict=True))
    for values in product(*OPTIONS.values())
} | AWKWARD


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered service."""

    name: str
    folder: Path
    files: dict[str, str] = field(repr=False)

    def those(self, *suffixes: str) -> dict[str, str]:
        """Return the files that end like that."""
        return {name: text for name, text in self.files.items() if name.endswith(suffixes)}


def render(copie: Copie, name: str, answers: Answers) -> Rendered:
    """Render the working tree with `answers`, and check that they were understood."""
    result = copie.copy(extra_answers=answers)
    assert result.exit_code == 0, repr(result.exception)
    assert result.project_dir is not None
    recorded = yaml.safe_load((result.project_dir / ".copier-answers.yml").read_text("utf-8"))
    assert answers == {key: recorded.get(key) for key in answers}
    return Rendered(name, result.project_dir, read(result.project_dir))


def read(folder: Path) -> dict[str, str]:
    """Return every file of `folder` with its text."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}

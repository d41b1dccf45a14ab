"""docs/reading-order.md names each place that decides something, and there is no second one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from rendering import MAIN, render

ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| `(?P<file>[^`]+)` \| (?P<function>[^|]+) \|$", re.MULTILINE
)
# What a place alone does, as its code says it.
ALONE = {
    "the outbox row": r"\binsert\(outbox\)",
    "the outbox row of an event that is published again": r"INSERT INTO outbox \(",
    "the inbox row": r"\binsert\(inbox\)|INSERT INTO inbox\b",
    "the dead letter's row": r"\binsert\(dead_letters\)|INSERT INTO dead_letters\b",
    "the claim": r"'XCLAIM', stream, group, me, min_idle\b|\bxautoclaim\b",
    "the retry policy, and where a dead letter is decided": r"\bDeadLetter\(Reason\.PERMANENT",
    "the trim": r"\.xtrim\(",
}


@pytest.fixture
def package(copie_session: Copie) -> Path:
    """Return the package of a rendered service."""
    return render(copie_session, "default", MAIN["default"]).folder / "src" / "orders"


@pytest.fixture
def places(package: Path) -> dict[str, tuple[str, str]]:
    """Return file and function of each row of the page, by what they are there for."""
    page = (package.parents[1] / "docs" / "reading-order.md").read_text("utf-8")
    found = {row["what"]: (row["file"], row["function"].strip("`")) for row in ROW.finditer(page)}
    assert len(found) > len(ALONE)
    return found


def test_each_place_exists(package: Path, places: dict[str, tuple[str, str]]) -> None:
    missing = [
        f"{file}: {function}"
        for file, function in places.values()
        if not (package / file).is_file()
        or (file.endswith(".py") and function not in functions(package / file))
    ]

    assert missing == []


@pytest.mark.parametrize("what", ALONE)
def test_no_other_place_does_the_same(
    what: str, package: Path, places: dict[str, tuple[str, str]]
) -> None:
    code = [*package.rglob("*.py"), *package.rglob("*.lua")]
    found = [path for path in code if re.search(ALONE[what], path.read_text("utf-8"))]

    assert [str(path.relative_to(package)) for path in found] == [places[what][0]]


def functions(module: Path) -> set[str]:
    """Return what a module defines: functions, classes, and methods by `Class.method`."""
    return set(named(ast.parse(module.read_text("utf-8")), ""))


def named(parent: ast.Module | ast.ClassDef, prefix: str) -> Iterator[str]:
    """Yield the names of what a module or a class defines."""
    for node in parent.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from named(node, f"{node.name}.")

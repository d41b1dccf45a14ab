"""docs/logs.md has every line that the chassis logs."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from chassis import PACKAGE

ROOT = Path.cwd()
SOURCES = sorted((ROOT / "src" / PACKAGE / "chassis").rglob("*.py"))
Told = dict[str, tuple[set[str], set[str]]]
"""Levels and fields of events, by their names."""
ROW = re.compile(r"^\| `(\w+(?:\.\w+)+)` \| ([a-z ]+) \| ([\w` ]*) ?\| .+ \|$", re.MULTILINE)


def described() -> Told:
    """The events in the table of the page."""
    page = (ROOT / "docs" / "logs.md").read_text("utf-8")
    return {
        name: (set(levels.split()), set(re.findall(r"\w+", fields)))
        for name, levels, fields in ROW.findall(page)
    }


def logged() -> Told:
    """The events that the modules of the chassis log."""
    found: Told = defaultdict(lambda: (set(), set()))
    for path in SOURCES:
        for name, level, fields in calls_in(path):
            found[name][0].add(level)
            found[name][1].update(fields)
    return found


def calls_in(path: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Each line that a module may log: its event, level and fields."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        match call:
            case ast.Call(ast.Attribute(ast.Name("log"), method), [ast.Constant(name)], fields):
                level = "error" if method == "exception" else method
                yield str(name), level, {str(field.arg) for field in fields}


def test_the_page_has_every_event_with_its_levels_and_fields() -> None:
    assert len(logged()) > 30
    assert described() == logged()

"""The exhaustive suite stands on the chassis alone, so that it runs against any service."""

import ast
from collections.abc import Iterator
from pathlib import Path

from conftest import ROOT

SUITE = ROOT / "tests" / "chassis"


def imported(file: Path) -> Iterator[str]:
    """Each module or name that a file imports."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names):
                yield from (name.name for name in names)
            case ast.ImportFrom(str(module), names, 0):
                yield from (f"{module}.{name.name}" for name in names)


def test_it_imports_nothing_of_a_service_but_its_chassis() -> None:
    found = {name for file in SUITE.rglob("*.py") for name in imported(file)}
    of_services = {name for name in found if name.partition(".")[0] == "orders"}

    assert len(of_services) > 50
    own = {name for name in of_services if not f"{name}.".startswith("orders.chassis.")}
    assert own == set(), "declare it in tests/chassis/service/"
    assert {name for name in of_services if name.startswith("orders.chassis.testing")} == set()

"""Who imports whom: the chassis knows nothing of its service, and messaging is read downwards."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from chassis import PACKAGE

ROOT = Path.cwd() / "src" / PACKAGE
CHASSIS = ROOT / "chassis"
FLOOR = "the floor"


def dotted(path: Path) -> str:
    """A module's name below the service's package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted(path): path for path in CHASSIS.rglob("*.py")}


def imported(name: str) -> Iterator[str]:
    """What a module imports of the service's package, wherever in its code it does."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
            yield from (one.removeprefix(f"{PACKAGE}.") for one in found if _is_own(one))
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = f"{PACKAGE}.{package}".split(".")[: -node.level + 1 or None]
                source = ".".join([*base, *filter(None, [node.module])])
            else:
                source = node.module or ""
            if _is_own(source):
                source = source.removeprefix(PACKAGE).removeprefix(".")
                names = [f"{source}.{alias.name}".removeprefix(".") for alias in node.names]
                yield from (one if one in MODULES else source for one in names)


def _is_own(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def room(name: str) -> str | None:
    """The room of messaging that a module is in; None outside of messaging."""
    _, _, below = name.partition("chassis.messaging")
    if not name.startswith("chassis.messaging"):
        return None
    is_room = below.count(".") > 1 or MODULES[name].name == "__init__.py"
    return below.split(".")[1] if is_room and below else FLOOR


def arrows() -> dict[str, set[str]]:
    """For each room of messaging, the rooms that its modules import."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in MODULES:
        if (here := room(name)) is not None:
            rooms = {room(other) for other in imported(name)}
            found[here] |= {other for other in rooms if other is not None and other != here}
    return found


def test_the_chassis_imports_nothing_of_its_service() -> None:
    outside = [
        f"{name} imports {other or PACKAGE}"
        for name in MODULES
        for other in imported(name)
        if not f"{other}.".startswith("chassis.")
    ]

    assert outside == []


def test_the_floor_of_messaging_imports_no_room() -> None:
    assert arrows()[FLOOR] == set()


def test_what_is_observed_knows_nothing_of_the_other_rooms() -> None:
    assert arrows()["observing"] == {FLOOR}


def test_the_rooms_of_messaging_make_no_circle() -> None:
    order = list(TopologicalSorter(arrows()).static_order())  # raises CycleError, and names it

    assert order[0] == FLOOR
    assert {"publishing", "consuming", "dead_letters", "upkeep", "observing"} < set(order)


def test_what_messaging_stands_on_does_not_import_it() -> None:
    """Nor does it import commands, pages or roles, not through another module either."""
    below = {other for name in MODULES if room(name) for other in imported(name) if not room(other)}
    while further := {other for name in below for other in imported(name)} - below:
        below |= further

    parts = {name.split(".")[1] for name in below}
    assert "messaging" not in parts
    assert parts.isdisjoint({"cli", "contracts", "dev", "http", "ops", "roles", "testing"})

"""`python tests/sizes.py DIR`: how large a rendered service is, and what its budgets are.

Lines are those of `.py` files, as `wc -l` counts them. Exits 1 if a budget does not hold.
"""

import ast
import sys
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

MIGRATIONS = "migrations"
# What publishing and consuming have beside the path of an event: the repair of lost writes,
# republishing, and the replay of dead letters.
BESIDE_THE_PATH = {
    *("publishing/lost_writes.py", "publishing/lookup.py", "publishing/republish.py"),
    "consuming/replay.py",
}


@dataclass(frozen=True, slots=True)
class Size:
    """What one part of a service has, and may have at most, of files, lines or tests.

    `ceiling` is where a part stands that is over its budget still: it may only come down.
    """

    what: str
    unit: str
    found: int
    budget: int
    ceiling: int = 0

    @property
    def fits(self) -> bool:
        """Whether the part is within its budget."""
        return self.found <= self.budget

    @property
    def holds(self) -> bool:
        """Whether the part is within its budget, or no larger than it was."""
        return self.fits or self.found <= self.ceiling


def sizes(service: Path) -> list[Size]:
    """Measure a rendered service that nothing was installed into."""
    (chassis,) = service.glob("src/*/chassis")
    messaging = python(chassis / "messaging", lambda path: MIGRATIONS not in path.parts)
    tests = python(service / "tests")
    return [
        Size("core path", "lines", lines(core_path(chassis / "messaging")), 2200, 2390),
        Size("messaging/", "lines", lines(messaging), 4100, 4231),
        Size("image", "lines", lines(image(service)), 7900, 8255),
        Size("contracts/", "lines", lines(python(chassis / "contracts")), 760),
        Size("dev/", "lines", lines(python(chassis / "dev")), 600),
        Size("testing/", "lines", lines(python(chassis / "testing")), 500),
        Size("fresh project", "files", sum(map(Path.is_file, service.rglob("*"))), 190),
        Size("owner's tests", "tests", sum(map(functions, tests)), 30),
        Size("owner's tests", "lines", lines(tests), 1000),
        Size("owner's tests", "files", len(tests), 12),
    ]


def python(folder: Path, wanted: Callable[[Path], bool] = lambda _: True) -> list[Path]:
    """Return the modules in a folder whose path inside it is wanted."""
    return [path for path in folder.rglob("*.py") if wanted(path.relative_to(folder))]


def core_path(messaging: Path) -> list[Path]:
    """Return what an event passes: the shared floor, and publishing and consuming."""
    rooms = (python(messaging / room) for room in ("publishing", "consuming"))
    modules = [*messaging.glob("*.py"), *(path for room in rooms for path in room)]
    return [
        path for path in modules if path.relative_to(messaging).as_posix() not in BESIDE_THE_PATH
    ]


def image(service: Path) -> list[Path]:
    """Return what is installed in the image: what the wheel does not leave out."""
    project = tomllib.loads((service / "pyproject.toml").read_text("utf-8"))
    left_out = project["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    return [
        path
        for path in python(service / "src", lambda path: MIGRATIONS not in path.parts)
        if not any(path.is_relative_to(service / folder) for folder in left_out)
    ]


def lines(modules: Iterable[Path]) -> int:
    """Count the lines of modules."""
    return sum(path.read_bytes().count(b"\n") for path in modules)


def functions(module: Path) -> int:
    """Count the functions that are tests."""
    nodes = ast.walk(ast.parse(module.read_text("utf-8")))
    found = (node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return sum(node.name.startswith("test_") for node in found)


def table(found: Iterable[Size]) -> str:
    """Return one line for each size."""
    rows = [("part", "of", "found", "budget", "")]
    rows += [
        (
            size.what,
            size.unit,
            f"{size.found:,}",
            f"{size.budget:,}",
            "OVER" if size.found > size.budget else "",
        )
        for size in found
    ]
    return "\n".join(f"{a:<14} {b:<6} {c:>7} {d:>7}  {e}".rstrip() for a, b, c, d, e in rows)


def main() -> int:
    """Print the table of the service in the folder that is named."""
    found = sizes(Path(sys.argv[1]))
    sys.stdout.write(f"{table(found)}\n")
    return int(not all(size.holds for size in found))


if __name__ == "__main__":
    sys.exit(main())

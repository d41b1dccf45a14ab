"""How fast the command is beside the tools it wraps, both in turns on the same machine."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 9
EMPTY_APP = "import typer; app = typer.Typer(); app.command()(lambda: None); app()"


@dataclass(frozen=True, slots=True)
class Ratio:
    """What was measured, against what, and how much longer it may take."""

    what: str
    seconds: float
    base: str
    base_seconds: float
    budget: float

    @property
    def ratio(self) -> float:
        """How many times as long it takes."""
        return self.seconds / self.base_seconds


def measure() -> list[Ratio]:
    """Measure every budget of the command."""
    with TemporaryDirectory(prefix="eventsmith-bench-") as scratch:
        fresh = iter(Path(scratch, f"orders-{number}") for number in range(1000))
        new, copy = _in_turns(
            lambda: _python("-m", "eventsmith", "new", next(fresh), "--defaults", "--no-lock"),
            lambda: _python(
                *("-m", "copier", "copy", ROOT, next(fresh)),
                *("--defaults", "--quiet", "--vcs-ref=HEAD"),
            ),
        )
    ours, empty = _in_turns(
        lambda: _python("-m", "eventsmith", "--help"), lambda: _python("-c", EMPTY_APP, "--help")
    )
    return [
        Ratio("eventsmith new --no-lock", new, "copier copy", copy, budget=1.2),
        Ratio("eventsmith --help", ours, "an empty Typer app's", empty, budget=1.5),
    ]


def _in_turns(one: Callable[[], None], other: Callable[[], None]) -> tuple[float, float]:
    """Return the median seconds of both, after a first call of each that warms the caches."""
    times = [(_seconds(one), _seconds(other)) for _ in range(ROUNDS + 1)][1:]
    return median(pair[0] for pair in times), median(pair[1] for pair in times)


def _seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _python(*arguments: str | Path) -> None:
    command = [sys.executable, *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

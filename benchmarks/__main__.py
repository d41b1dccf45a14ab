"""Runs every measurement, prints a table and JSON, and fails when a budget is exceeded."""

import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from benchmarks import commands, updating


def main() -> int:
    """Measure, report, and return the exit code."""
    ratios = [*commands.measure(), updating.measure()]
    table = Table("what", "seconds", "against", "seconds", "ratio", "budget", title="eventsmith")
    for ratio in ratios:
        numbers = f"{ratio.seconds:.3f}", f"{ratio.base_seconds:.3f}", f"{ratio.ratio:.2f}"
        table.add_row(ratio.what, numbers[0], ratio.base, *numbers[1:], f"≤ {ratio.budget:.1f}")
    Console(stderr=True).print(table)
    print(json.dumps([asdict(ratio) | {"ratio": round(ratio.ratio, 3)} for ratio in ratios]))
    return int(any(ratio.ratio > ratio.budget for ratio in ratios))


sys.exit(main())

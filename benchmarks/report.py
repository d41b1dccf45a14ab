"""What was found, for people and for programs: a table, and JSON with the machine it came from."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figures import US, Bar, Figure, Findings
from benchmarks.installed import ROOT

Row = tuple[str, ...]
HEADER: Row = ("what", "who", "median", "spread", "ratio", "bar", "holds")


def rows(findings: Findings) -> list[Row]:
    """Return one line for each figure, with eventsmith's divided by it.

    A bar stands beside the contestant that it compares with, or else beside eventsmith's figure,
    which is then divided by the one that the bar names.
    """
    ours = {figure.what: figure for figure in findings.figures if figure.who == US}
    bars = {id(_place(bar)): bar for bar in findings.bars}
    return [
        _row(figure, ours.get(figure.what), bars.get(id(figure))) for figure in findings.figures
    ]


def _place(bar: Bar) -> Figure:
    return bar.against if bar.against and bar.against.what == bar.of.what else bar.of


def _row(figure: Figure, ours: Figure | None, bar: Bar | None) -> Row:
    if not figure.values:
        return (figure.what, figure.who, figure.note, "", "", bar.limit if bar else "", "")
    value = bar.value if bar and bar.against else None
    if value is None and ours and ours.values and ours is not figure:
        value = ours.median / figure.median
    return (
        figure.what,
        figure.who,
        f"{number(figure.median)} {figure.unit}",
        f"±{figure.spread:.0%}" if len(figure.values) > 1 else "",
        "" if value is None else f"{value:.2f}",
        bar.limit if bar else "",
        {True: "yes", False: "NO"}[bar.holds] if bar else "",
    )


def number(value: float) -> str:
    """Three digits that matter."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def show(kind: str, findings: Findings) -> None:
    """Print one benchmark's table."""
    table = Table(*HEADER, title=kind)
    for row in rows(findings):
        table.add_row(*row)
    Console(width=140).print(table)


def document(
    found: Mapping[str, Findings], versions: Mapping[str, str], *, quick: bool
) -> dict[str, Any]:
    """Everything, as JSON takes it; whether it was measured with QUICK."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "revision": _output("git", "describe", "--always", "--dirty", "--exclude=*"),
        "machine": _machine(),
        "versions": dict(versions),
        "figures": [
            {name: getattr(figure, name) for name in ("kind", "what", "who", "unit", "note")}
            | {"values": list(figure.values)}
            for findings in found.values()
            for figure in findings.figures
        ],
        "table": {kind: rows(findings) for kind, findings in found.items()},
        "bars_that_do_not_hold": [
            f"{bar.of.kind}, {bar.of.what}: {number(bar.value or 0)}, wanted {bar.limit}"
            for findings in found.values()
            for bar in findings.bars
            if not bar.holds
        ],
    }


def write(folder: Path, content: Mapping[str, Any]) -> None:
    """Write results.json."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", "utf-8")


def read(folder: Path) -> dict[str, Any]:
    """Return what the last run wrote."""
    content = json.loads((folder / "results.json").read_text("utf-8"))
    return dict(content)


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        # Set, it triples the start of every Python that is measured.
        "PYTHONDONTWRITEBYTECODE": bool(os.environ.get("PYTHONDONTWRITEBYTECODE")),
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _output(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()

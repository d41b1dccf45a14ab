"""`python -m benchmarks.plots FOLDER`: draws the figures in FOLDER/results.json, as SVG beside it.

Runs in an environment that has nothing but matplotlib.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.figures import US, Figure

OURS, OTHERS, INK = "#2563eb", "#94a3b8", "#64748b"
STYLE: Any = {
    "svg.hashsalt": "eventsmith",  # the same figures make the same file
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(figures: Sequence[Figure], folder: Path) -> list[Path]:
    """Draw one plot for each kind of benchmark, as SVG that fits light and dark pages."""
    mpl.use("svg")
    folder.mkdir(parents=True, exist_ok=True)
    kinds = dict.fromkeys(figure.kind for figure in figures)
    return [
        _plot(kind, [f for f in figures if f.kind == kind and f.values], folder) for kind in kinds
    ]


def _plot(kind: str, figures: Sequence[Figure], folder: Path) -> Path:
    """Bars that share a unit share an axis; the line across a bar is the spread of the rounds."""
    units = list(dict.fromkeys(figure.unit for figure in figures))
    heights = [max(1, sum(figure.unit == unit for figure in figures)) for unit in units]
    with mpl.rc_context(STYLE):
        drawing, grid = plt.subplots(
            len(units),
            figsize=(7.2, 0.45 * len(units) + 0.24 * sum(heights)),
            height_ratios=heights,
            squeeze=False,
            layout="constrained",
        )
        for axes, unit in zip(grid.flat, units, strict=True):
            shown = [figure for figure in figures if figure.unit == unit][::-1]
            middles = [figure.median for figure in shown]
            below = [figure.median - min(figure.values) for figure in shown]
            above = [max(figure.values) - figure.median for figure in shown]
            axes.barh(
                [f"{figure.what}: {figure.who}" for figure in shown],
                middles,
                xerr=(below, above),
                color=[OURS if figure.who == US else OTHERS for figure in shown],
                error_kw={"ecolor": INK, "elinewidth": 1},
            )
            axes.set_xlabel(unit)
        path = folder / f"{kind}.svg"
        drawing.savefig(path, transparent=True, metadata={"Date": None})
        plt.close(drawing)
    return path


if __name__ == "__main__":
    results = Path(sys.argv[1])
    content = json.loads((results / "results.json").read_text("utf-8"))
    draw([Figure(**figure) for figure in content["figures"]], results)

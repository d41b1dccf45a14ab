"""Numbers as people read them: ages, and a line of how much happened."""

from collections.abc import Sequence
from datetime import UTC, datetime

WIDTH = 240
HEIGHT = 40
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def age(seconds: float) -> str:
    """A span of time in its largest unit."""
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


def ago(moment: datetime | None) -> str:
    """How long ago something was."""
    return f"{age((datetime.now(UTC) - moment).total_seconds())} ago" if moment else "unknown"


def points(counts: Sequence[int]) -> str:
    """The points of an SVG line through the counts, the highest of them at the top."""
    top, step = max(1, *counts), WIDTH / (len(counts) - 1)
    return " ".join(
        f"{at * step:.1f},{HEIGHT - 1 - (HEIGHT - 2) * count / top:.1f}"
        for at, count in enumerate(counts)
    )

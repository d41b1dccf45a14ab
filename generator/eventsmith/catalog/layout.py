"""Measures of the picture, in units of the SVG, and where boxes and curves go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, SIDE, MIDDLE = 1080, 236, 330
LEFT, CENTRE, RIGHT = 2, 375, 842
ROW, HEAD, FOOT, GAP = 26, 30, 6, 18
_TIP = 7  # what an arrow's head adds to its curve
_PORT, _LOWEST = 13, 44


@dataclass(frozen=True, slots=True)
class Box:
    """A service at one of the sides; a missing one is not in the catalog."""

    slug: str
    x: float
    y: float
    height: float
    missing: bool

    @property
    def middle(self) -> float:
        """Where its name stands, and where arrows leave it."""
        return self.y + self.height / 2


def stacked(heights: Mapping[str, float]) -> dict[str, float]:
    """Return the tops of boxes that stand one below the other."""
    tops, y = {}, 2.0
    for name, height in heights.items():
        tops[name] = y
        y += height + GAP
    return tops


def beside(wanted: Mapping[str, Sequence[float]], x: float, here: set[str]) -> dict[str, Box]:
    """Place boxes one below the other, each near the heights it is joined to if there is room."""
    middles = {slug: sum(heights) / len(heights) for slug, heights in wanted.items()}
    boxes, y = {}, 2.0
    for slug in sorted(wanted, key=lambda slug: (middles[slug], slug)):
        height = max(_LOWEST, (len(wanted[slug]) + 1) * _PORT)
        y = max(y, middles[slug] - height / 2)
        boxes[slug] = Box(slug, x, y, height, slug not in here)
        y += height + GAP
    return boxes


def curve(x: float, y: float, to_x: float, to_y: float) -> str:
    """Return the path of an arrow without its head."""
    bend = (x + to_x) / 2
    return f"M{x:g} {y:.1f}C{bend:g} {y:.1f} {bend:g} {to_y:.1f} {to_x - _TIP:g} {to_y:.1f}"

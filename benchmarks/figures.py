"""What a benchmark finds: figures, and bars that ratios of them have to reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

US = "eventsmith"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one contestant did: `values` holds one measurement for each round.

    Without values it did not run, and `note` says why.
    """

    kind: str
    what: str
    who: str
    unit: str
    values: Sequence[float]
    note: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def spread(self) -> float:
        """Half the distance between the best and the worst round, as a part of the median."""
        return (max(self.values) - min(self.values)) / 2 / self.median if self.median else 0.0


@dataclass(frozen=True, slots=True)
class Bar:
    """What has to hold: `of` compared with `against`, or itself where there is none."""

    of: Figure
    against: Figure | None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float | None:
        """The ratio, or the figure itself; None where one of them did not run."""
        if not self.of.values or (self.against and not self.against.values):
            return None
        return self.of.median / self.against.median if self.against else self.of.median

    @property
    def holds(self) -> bool:
        """Whether it was reached; what could not be compared is no failure."""
        if self.value is None:
            return True
        return (self.at_least or 0) <= self.value <= (self.at_most or float("inf"))

    @property
    def limit(self) -> str:
        """The limit as people write it."""
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one benchmark found."""

    figures: Sequence[Figure]
    bars: Sequence[Bar] = ()


def missing(kind: str, what: str, who: str, unit: str, reason: str) -> Figure:
    """Return a contestant that could not run, with the reason."""
    return Figure(kind, what, who, unit, [], f"not run: {reason}")

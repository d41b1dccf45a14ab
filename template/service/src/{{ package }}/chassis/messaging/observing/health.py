"""What the probes report: whether a role's loops still turn, and what keeps it from working."""

from collections.abc import Mapping
from time import monotonic

STALLED = 180.0
"""Seconds without a turn of a loop after which the process is not alive; longer than any wait."""


class Health:
    """The state of one process, written by its loops and read by its probes."""

    def __init__(self) -> None:
        self._beats: dict[str, float] = {}
        self._problems: dict[str, str] = {}

    def beat(self, loop: str) -> None:
        """Note that a loop turned."""
        self._beats[loop] = monotonic()

    def working(self, part: str) -> bool:
        """Note that a part works; True if that is news."""
        return self._problems.pop(part, None) is not None

    def failing(self, part: str, reason: str) -> None:
        """Note why a part does not work."""
        self._problems[part] = reason

    @property
    def problems(self) -> Mapping[str, str]:
        """Why this process is not ready, by part."""
        return self._problems

    @property
    def stalled(self) -> list[str]:
        """The loops that have stopped turning. No server can cause this; only a restart helps."""
        now = monotonic()
        return [loop for loop, at in self._beats.items() if now - at > STALLED]

"""Growing waits between tries."""

import random


class Backoff:
    """Growing waits between tries, each with jitter; times in seconds."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._failures = 0

    def reset(self) -> None:
        """Start anew after a success."""
        self._failures = 0

    def next(self) -> float:
        """The wait before the next try."""
        ceiling = min(self._most, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return random.uniform(0.5, 1) * ceiling

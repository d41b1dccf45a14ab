"""How often a login may be tried: by one client, and by all of them together."""

import math
import time
from collections import deque
from collections.abc import Callable

WINDOW = 60
"""Seconds for which a try counts."""
EACH = 5
EVERYBODY = 30


class Tries:
    """The tries of this process. It remembers EVERYBODY's at most, however many clients come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: deque[tuple[float, str]] = deque()

    def admit(self, client: str) -> int:
        """Count a try; or the seconds until `client` may try, and then it does not count."""
        now = self._clock()
        while self._tries and self._tries[0][0] <= now - WINDOW:
            self._tries.popleft()
        every = [at for at, _ in self._tries]
        own = [at for at, who in self._tries if who == client]
        if len(own) < EACH and len(every) < EVERYBODY:
            self._tries.append((now, client))
            return 0
        first = own[0] if len(own) >= EACH else every[0]
        return math.ceil(first + WINDOW - now)

    def forget(self, client: str) -> None:
        """Count a client's tries no more, for it knew the token."""
        self._tries = deque((at, who) for at, who in self._tries if who != client)

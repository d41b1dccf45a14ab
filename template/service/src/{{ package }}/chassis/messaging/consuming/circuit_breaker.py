"""The breaker: when one event after another fails, the cause is not the events.

Then nothing new is taken but one event at a time, as a probe; what fails meanwhile costs no
attempt. The first success ends it. So an outage behind the handlers makes no dead letters.
"""

from time import monotonic
from uuid import UUID

import structlog

from ...waiting import Backoff
from ..observing.metrics import BREAKER_OPEN

THRESHOLD = 10
"""Different events that fail for one handler, with no success between them."""

log = structlog.get_logger()


class Breaker:
    """Watches the handlers of one stream in one process."""

    def __init__(self) -> None:
        self._streaks: dict[str, set[UUID]] = {}
        self._waits = Backoff(1, 60)
        self._probe_at = 0.0

    @property
    def open_for(self) -> list[str]:
        """The handlers for which one event after another fails."""
        return [name for name, streak in self._streaks.items() if len(streak) >= THRESHOLD]

    def succeeded(self, handler: str) -> None:
        """Note a success, which ends the handler's streak."""
        streak = self._streaks.pop(handler, set())
        if len(streak) >= THRESHOLD:
            self._waits.reset()
            BREAKER_OPEN.labels(handler).set(0)
            log.info("breaker.closed", handler=handler)

    def failed(self, handler: str, event_id: UUID) -> bool:
        """Note a failure; whether the breaker was open, so that it costs no attempt."""
        was_open = bool(self.open_for)
        streak = self._streaks.setdefault(handler, set())
        if len(streak) < THRESHOLD:
            streak.add(event_id)
            BREAKER_OPEN.labels(handler).set(len(streak) == THRESHOLD)
        if self.open_for and (not was_open or monotonic() >= self._probe_at):
            wait = self._waits.next()
            self._probe_at = monotonic() + wait
            log.error("breaker.open", handler=handler, probe_in=round(wait, 3))
        return was_open

    def allows(self, free: int, in_flight: int) -> int:
        """How many entries may be taken now, of as many as there are free slots."""
        if not self.open_for:
            return free
        return 1 if not in_flight and monotonic() >= self._probe_at else 0

"""Poison isolation: an entry that may have killed its consumers runs beside no other such entry."""


class PoisonIsolation:
    """Lets one poison candidate at a time run in a process, whichever stream it came from."""

    def __init__(self) -> None:
        self._taken = False

    def acquire(self) -> bool:
        """Whether a poison candidate may be claimed now; then `release` must follow."""
        free, self._taken = not self._taken, True
        return free

    def release(self) -> None:
        """Let the next one in: the candidate has ended, or there was none."""
        self._taken = False

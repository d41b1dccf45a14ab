"""Suspects: entries that two consumers left behind, and that may have killed them."""


class SuspectGate:
    """Lets one suspect at a time run in a process, whichever stream it came from."""

    def __init__(self) -> None:
        self._taken = False

    def enter(self) -> int:
        """How many suspects may be claimed now; what is not used is given back by `leave`."""
        free = 0 if self._taken else 1
        self._taken = True
        return free

    def leave(self) -> None:
        """Let the next one in."""
        self._taken = False

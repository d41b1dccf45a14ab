"""Which event types the newest code handles, as `migrate` noted before the rollout.

An older consumer leaves such events to the newer ones in the place of skipping them.
"""

from time import monotonic

from sqlalchemy import select

from ..tables import handled_types
from ..unit_of_work import PATIENCE, UnitsOfWork

REFRESH = 5.0
"""Seconds that a yes is remembered. A no is not: `migrate` may just have made it a yes."""


class NewerCode:
    """Answers from the database; what is skipped on its word never comes back."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self._types: frozenset[str] = frozenset()
        self._refreshed = float("-inf")

    async def handles(self, event_type: str) -> bool:
        """Whether the newest code handles the type; raises a database error."""
        if event_type not in self._types or monotonic() - self._refreshed > REFRESH:
            async with self._units.open(patience=PATIENCE) as uow:
                types = await uow.session.scalars(select(handled_types.c.event_type))
                self._types = frozenset(types)
            self._refreshed = monotonic()
        return event_type in self._types

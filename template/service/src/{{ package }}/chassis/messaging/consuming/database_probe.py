"""Asks Postgres whether it answers, which tells an outage from a failure of the event's own."""

from sqlalchemy import text

from ...db import DATABASE_ERRORS, is_infrastructure
from ...errors import DatabaseUnavailable
from ..unit_of_work import UnitsOfWork

PATIENCE = 2.0
"""Seconds that the answer may take."""


class DatabaseProbe:
    """`answers` is what Postgres said when it was last asked."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self.answers = True

    async def ask(self) -> bool:
        """Whether Postgres answers now."""
        try:
            async with self._units.open(patience=PATIENCE) as uow:
                await uow.session.execute(text("SELECT 1"))
        except DATABASE_ERRORS:
            self.answers = False
        else:
            self.answers = True
        return self.answers

    async def require(self) -> None:
        """Raise DatabaseUnavailable unless it answers, as far as anybody knows."""
        if not self.answers and not await self.ask():
            raise DatabaseUnavailable("Postgres does not answer")

    async def silent_after(self, error: Exception) -> bool:
        """Whether an error may be due to Postgres, which does not answer now either."""
        may_be = is_infrastructure(error) or isinstance(error, TimeoutError)
        return may_be and not await self.ask()

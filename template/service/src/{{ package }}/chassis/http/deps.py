"""What endpoints ask for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from ..messaging.unit_of_work import UnitOfWork, UnitsOfWork


async def _uow(request: Request) -> AsyncIterator[UnitOfWork]:
    units: UnitsOfWork = request.app.state.units
    async with units.open() as uow:
        yield uow


# "function": FastAPI would otherwise commit after the response is sent, and a client could be
# told of something that never came to be.
Uow = Annotated[UnitOfWork, Depends(_uow, scope="function")]
"""One transaction for each request: committed before the response, rolled back on any error."""

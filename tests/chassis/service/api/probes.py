"""Endpoints that emit an event: alone, or with a change."""

from fastapi import APIRouter
from pydantic import BaseModel

from orders.chassis.http.app import Uow

from ..events.probed import Probed
from ..handlers.probed import leave_effect

router = APIRouter()


class Told(BaseModel):
    """What an event is to say, and what its handler is to do."""

    text: str


@router.post("/probes", status_code=201)
async def probe(uow: Uow) -> None:
    """Change something, and emit an event."""
    probed = Probed(aggregate_id="a")
    await leave_effect(probed, uow)
    uow.emit(probed)


@router.post("/probes/{number}", status_code=201)
async def tell(number: int, body: Told, uow: Uow) -> None:
    """Emit an event, or fail."""
    uow.emit(Probed(aggregate_id=str(number), text=body.text))
    if body.text.startswith("fail here"):
        raise RuntimeError(body.text)

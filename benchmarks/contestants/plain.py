"""A router for the generated service: the sample's endpoint without an event."""

from fastapi import APIRouter
from uuid_utils.compat import uuid7

from ..chassis import Uow
from ..models.order import Order
from .orders import NewOrder, OrderOut

router = APIRouter()


@router.post("/plain", status_code=201)
async def create(body: NewOrder, uow: Uow) -> OrderOut:
    """Create one, and tell nobody."""
    created = Order(id=uuid7(), **body.model_dump())
    uow.session.add(created)
    await uow.session.flush()
    return OrderOut.model_validate(created)

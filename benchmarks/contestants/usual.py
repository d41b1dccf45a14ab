"""A router for the generated service: commit, then XADD, which loses an event in a crash between.

Redis is reached as tutorials do it, by one client of the module.
"""

import os

from fastapi import APIRouter, Request
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from ..events import order_created as contract
from ..models.order import Order
from .orders import NewOrder, OrderOut

router = APIRouter()
client = Redis.from_url(os.environ.get("REDIS_URL", "redis://"))


@router.post("/usual", status_code=201)
async def create(body: NewOrder, request: Request) -> OrderOut:
    """Create one, and publish it when that is committed."""
    async with request.app.state.units.open() as uow:
        created = Order(id=uuid7(), **body.model_dump())
        uow.session.add(created)
    event = contract.OrderCreated(aggregate_id=str(created.id), **body.model_dump())
    await client.xadd("usual", {"ce_id": str(event.event_id), "data": event.data()})
    return OrderOut.model_validate(created)

"""FastStream: a subscriber of the stream, with a transaction and an inbox row for each event.

Its settings: acknowledged after the handler, as many workers as ours has slots, logging off.
"""

import asyncio
import os
from decimal import Decimal
from uuid import UUID

import uvloop
from faststream import AckPolicy, FastStream
from faststream.redis import RedisBroker, StreamSub
from handling import CONCURRENCY, handle
from pydantic import BaseModel

broker = RedisBroker(os.environ["REDIS_URL"], logger=None)
stream = StreamSub(
    "orders", group="orders", consumer=f"peer-{os.getpid()}", last_id="0", max_records=100
)


class Order(BaseModel):
    """The payload."""

    event_id: UUID
    customer_id: str
    total_amount: Decimal


@broker.subscriber(stream=stream, ack_policy=AckPolicy.NACK_ON_ERROR, max_workers=CONCURRENCY)
async def consume(order: Order) -> None:
    """Handle one event."""
    await handle(order.event_id, order.customer_id, order.total_amount)


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(FastStream(broker).run())

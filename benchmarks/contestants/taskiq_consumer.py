"""taskiq on taskiq-redis's stream broker: a task for each event, acknowledged when it has run.

`taskiq worker taskiq_consumer:broker` runs it.
"""

import os
from decimal import Decimal
from uuid import UUID

from handling import handle
from taskiq.serializers import ORJSONSerializer
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(
    os.environ["REDIS_URL"], queue_name="orders", consumer_group_name="orders", consumer_id="0"
).with_serializer(ORJSONSerializer())


@broker.task(task_name="order_created")
async def consume(event_id: UUID, customer_id: str, total_amount: Decimal, note: str) -> None:  # noqa: ARG001
    """Handle one event."""
    await handle(event_id, customer_id, total_amount)

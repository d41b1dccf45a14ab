"""A consumer's statements on asyncpg and redis-py, and nothing else around them.

Reads a batch, and for each event, so many at once: a transaction with an inbox row and the
handler's upsert, then XACK. No retries, no dead letters, no heartbeat, no recovery. BATCH above 1
puts as many into one transaction.
"""

import asyncio
import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import asyncpg
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ResponseError

GROUP, STREAM = "orders", "orders"
CONCURRENCY, BATCH = int(os.environ["CONSUMER_CONCURRENCY"]), int(os.environ.get("BATCH", "1"))
INBOX = """
    INSERT INTO inbox (handler, event_id, state)
    SELECT 'order_created', unnest($1::uuid[]), 'done' ON CONFLICT DO NOTHING RETURNING event_id
"""
TOTALS = """
    INSERT INTO customer_totals AS totals (customer_id, orders, total_amount)
    SELECT customer, 1, amount FROM unnest($1::text[], $2::numeric[]) AS given(customer, amount)
    ON CONFLICT (customer_id) DO UPDATE SET orders = totals.orders + 1,
        total_amount = totals.total_amount + excluded.total_amount
"""
Entry = tuple[bytes, Mapping[bytes, bytes]]


async def handle(pool: "asyncpg.Pool[Any]", client: Redis, entries: list[Entry]) -> None:
    """Handle entries in one transaction."""
    ids = [uuid.UUID(fields[b"ce_id"].decode()) for _, fields in entries]
    orders = [json.loads(fields[b"data"]) for _, fields in entries]
    async with pool.acquire() as connection, connection.transaction():
        taken = {row["event_id"] for row in await connection.fetch(INBOX, ids)}
        due = [order for event_id, order in zip(ids, orders, strict=True) if event_id in taken]
        customers = [order["customer_id"] for order in due]
        await connection.execute(TOTALS, customers, [Decimal(one["total_amount"]) for one in due])
    await client.xack(STREAM, GROUP, *(stream_id for stream_id, _ in entries))


async def main() -> None:
    """Consume until killed."""
    name, size = f"bare-{os.getpid()}", max(CONCURRENCY, BATCH)
    async with (
        asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=CONCURRENCY) as pool,
        Redis.from_url(os.environ["REDIS_URL"]) as client,
    ):
        with suppress(ResponseError):
            await client.xgroup_create(STREAM, GROUP, "0")
        while True:
            answer: Any = await client.xreadgroup(GROUP, name, {STREAM: ">"}, size, block=1000)
            entries = [entry for _, found in answer for entry in found]
            parts = [entries[at : at + BATCH] for at in range(0, len(entries), BATCH)]
            await asyncio.gather(*(handle(pool, client, part) for part in parts))


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())

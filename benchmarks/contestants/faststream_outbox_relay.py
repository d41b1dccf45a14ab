"""faststream-outbox: a subscriber of its table whose results go to a Redis stream.

Its settings were chosen by trying: logging off, payloads handed on as the bytes that they are, rows
fetched and deleted in large batches, and as many workers as made it fastest.
"""

import asyncio
import os
import sys

import uvloop
from faststream import FastStream
from faststream.redis import RedisBroker, StreamSub
from faststream_outbox import OutboxBroker, OutboxMessage, make_outbox_table
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import create_async_engine

WORKERS, BATCH = 16, 1000

metadata = MetaData()
table = make_outbox_table(metadata)
engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=WORKERS + 5,
)


async def undecoded(message: OutboxMessage) -> bytes:
    """Return the payload as it is: a relay has no need of what is in it."""
    return message.body


outbox = OutboxBroker(engine, outbox_table=table, logger=None, apply_types=False, decoder=undecoded)
broker = RedisBroker(os.environ["REDIS_URL"], logger=None)


@broker.publisher(stream=StreamSub("orders"))
@outbox.subscriber(
    "orders", max_workers=WORKERS, fetch_batch_size=BATCH, terminal_flush_batch_size=BATCH
)
async def relay(body: bytes) -> bytes:
    """Hand on what was read."""
    return body


async def create() -> None:
    """Make its table."""
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)


work = (
    create()
    if sys.argv[1:] == ["create"]
    else FastStream(outbox, on_startup=[broker.connect]).run()
)
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(work)

"""A relay's statements on asyncpg and redis-py one after the other, and nothing else around them.

No health, no metrics, no log, no look for lost writes, and a cursor, which could lose events.
"""

import asyncio
import os
from importlib.resources import files

import asyncpg
import uvloop
from redis.asyncio import Redis

SIZE = 500
PUBLISH = files("orders.chassis.messaging").joinpath("lua/publish.lua").read_text()
LOCK = "SELECT pg_try_advisory_xact_lock(1)"
OLDEST = "SELECT id, stream, attributes::text, data FROM outbox WHERE id > $1 ORDER BY id LIMIT $2"
MOVE = """
    WITH moved AS (DELETE FROM outbox WHERE id = ANY($1) RETURNING *)
    INSERT INTO outbox_sent (event_id, id, stream, stream_id, attributes, data, created_at)
    SELECT event_id, id, stream, sent.stream_id, attributes, data, created_at
    FROM moved JOIN unnest($1::bigint[], $2::text[]) AS sent(id, stream_id) USING (id)
    ON CONFLICT (event_id) DO UPDATE SET stream_id = excluded.stream_id, sent_at = now()
"""


async def main() -> None:
    """Relay until killed."""
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    last = 0
    async with Redis.from_url(os.environ["REDIS_URL"]) as client:
        publish = client.register_script(PUBLISH)
        while True:
            async with connection.transaction():
                await connection.fetchval(LOCK)
                rows = await connection.fetch(OLDEST, last, SIZE)
                if rows:
                    entries = [part for row in rows for part in (row["attributes"], row["data"])]
                    added = await publish(keys=[rows[0]["stream"]], args=entries)
                    ids = [row["id"] for row in rows]
                    await connection.execute(MOVE, ids, [one.decode() for one in added])
                    last = ids[-1]
            if not rows:
                await asyncio.sleep(0.05)


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())

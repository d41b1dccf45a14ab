"""The limit of a relay: its statements on asyncpg and redis-py, and nothing else around them.

No health, no metrics, no log, no look for lost writes, and a cursor, which could lose events.
"""

import asyncio
import json
import os

import asyncpg
import uvloop
from redis.asyncio import Redis

SIZE = 500
LOCK = "SELECT pg_try_advisory_xact_lock(1)"
OLDEST = "SELECT id, stream, attributes, data FROM outbox WHERE id > $1 ORDER BY id LIMIT $2"
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
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )
    last = 0
    async with Redis.from_url(os.environ["REDIS_URL"]) as client:
        while True:
            async with connection.transaction():
                await connection.fetchval(LOCK)
                rows = await connection.fetch(OLDEST, last, SIZE)
                if rows:
                    pipeline = client.pipeline(transaction=True)
                    for row in rows:
                        pipeline.xadd(row["stream"], row["attributes"] | {"data": row["data"]})
                    added = await pipeline.execute()
                    ids = [row["id"] for row in rows]
                    await connection.execute(MOVE, ids, [one.decode() for one in added])
                    last = ids[-1]
            if not rows:
                await asyncio.sleep(0.05)


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())

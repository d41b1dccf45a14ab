"""Dead letters for tests: of events that were given up, or straight into the table."""

from orders.chassis.messaging.dead_letters import decisions as deciding
from orders.chassis.messaging.dead_letters.selection import Selection

from .pipe import Pipe, Probed, handler, refuse


async def die(pipe: Pipe, *events: Probed) -> list[int]:
    """Have events given up; the numbers of their dead letters."""
    await pipe.publish(*events)
    async with pipe.consuming(handler(refuse)):
        await pipe.acknowledged(len(events))
    return [letter.id for letter in await pipe.dead()]


async def mark(pipe: Pipe, letters: list[int]) -> list[int]:
    """What `dead-letters replay` does."""
    batches = deciding.mark_for_replay(pipe.engine, Selection(tuple(letters)))
    return [marked async for batch in batches for marked in batch]


async def seed(pipe: Pipe, count: int = 1, **columns: object) -> list[int]:
    """Write dead letters, alike but for their events; returns their numbers."""
    alike: dict[str, object] = {
        "handler": "*",
        "stream": "probed",
        "stream_id": "1-0",
        "reason": "attempts",
        "error": "ValueError: broken",
        "traceback": "",
        "fingerprint": "f1",
        "attempts": 3,
    } | columns
    names, values = ", ".join(alike), ", ".join(f":{name}" for name in alike)
    inserted = await pipe.rows(
        f"INSERT INTO dead_letters (event_id, entry, {names})"
        f" SELECT gen_random_uuid(), jsonb_build_object(), {values}"
        f" FROM generate_series(1, {count}) RETURNING id, handler, event_id",
        **alike,
    )
    await pipe.rows(
        "INSERT INTO inbox SELECT handler, event_id, 'dead' FROM dead_letters"
        " ON CONFLICT DO NOTHING"
    )
    return sorted(row.id for row in inserted)


async def states(pipe: Pipe) -> dict[str, int]:
    """How many dead letters there are in each state."""
    counted = await pipe.rows("SELECT state, count(*) AS n FROM dead_letters GROUP BY state")
    return {row.state: row.n for row in counted}

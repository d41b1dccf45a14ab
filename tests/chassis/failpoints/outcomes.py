"""What the databases must say in the end."""

from orders.chassis.messaging.envelope import parse
from orders.chassis.messaging.publishing.lost_writes import LostWrites

from ..pipe import STREAM, Pipe, Probed, eventually
from ..service import SERVICE


async def end_sessions(pipe: Pipe, role: str) -> None:
    """What Postgres does to sessions that idle in a transaction, but at once."""
    await pipe.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = :role",
        role=role,
    )


async def relayed(pipe: Pipe) -> None:
    """Publish all that waits, as soon as Postgres knows that the last relay is dead."""

    async def nothing_waits() -> bool:
        await pipe.batches().publish_next()
        return not await pipe.rows("SELECT 1 FROM outbox")

    await eventually(nothing_waits)


async def repaired(pipe: Pipe) -> None:
    """Have another relay look for lost writes, and publish what it finds."""
    looking = LostWrites(pipe.engine, pipe.broker, pipe.health, key_prefix=pipe.prefix, repair=True)
    await looking.look()
    while looking.busy:
        await looking.look()
    await relayed(pipe)


async def published(pipe: Pipe) -> list[object]:
    """What the events in the stream say, in their order."""
    return [parse(entry.fields).payload["text"] for entry in await pipe.entries()]


async def applied_once(pipe: Pipe, *events: Probed) -> None:
    """Every event has its one effect, none is dead, and nothing is left to do."""
    assert sorted(event.event_id for event in events) == sorted(await pipe.effects())
    assert [] == await pipe.dead()
    assert {} == await pipe.pending()
    assert [] == await pipe.rows("SELECT 1 FROM outbox")


async def dead_once(pipe: Pipe, event: Probed) -> None:
    """The event has one open dead letter, announced once, and no effect."""
    assert [(event.event_id, "open")] == [(dead.event_id, dead.state) for dead in await pipe.dead()]
    assert [] == await pipe.effects()
    assert {} == await pipe.pending()
    await relayed(pipe)
    assert await pipe.broker.client.xlen(f"{pipe.prefix}{STREAM}.{SERVICE}.dlq") == 1

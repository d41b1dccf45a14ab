"""What Redis loses of what it acknowledged is found, reported, and published again."""

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from orders.chassis.messaging.publishing import batch
from orders.chassis.messaging.publishing.republish import Published, republish
from orders.chassis.messaging.redis import number

from ..pipe import Pipe, eventually, handler
from ..relaying import numbered, relaying, said, watch


async def test_a_stream_that_was_flushed_is_published_again_in_order(pipe: Pipe) -> None:
    """Whatever had become of its events: handled, pending, not yet read."""
    await pipe.publish(*numbered(3))
    async with pipe.consuming(handler()):
        await pipe.acknowledged(3)
    await pipe.publish(*numbered(3, start=3))
    await pipe.group("lost").read(2, 100)
    await pipe.broker.client.delete(pipe.key)
    await pipe.emit(*numbered(2, start=6))
    before = REGISTRY.get_sample_value("outbox_lost_writes_total") or 0

    with capture_logs() as logs:
        await watch(pipe).look()
    assert not pipe.health.problems
    await pipe.publish()

    assert [str(number) for number in range(8)] == await said(pipe)
    async with pipe.consuming(handler()):
        await pipe.acknowledged(8)
    assert len(await pipe.effects()) == 8
    assert REGISTRY.get_sample_value("outbox_lost_writes_total") == before + 6
    assert [6] == [line["count"] for line in logs if line["event"] == "outbox.lost_writes"]


async def test_what_was_lost_goes_out_before_what_is_newer(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though batches are full, and each begins where the last one ended."""
    monkeypatch.setattr(batch, "FULL_LOOK", 60.0)
    batches = pipe.batches(size=2)
    await pipe.emit(*numbered(6))
    await pipe.broker.ping()
    await batches.publish_next()
    await pipe.broker.client.delete(pipe.key)

    async def relayed() -> bool:
        return not await pipe.rows("SELECT 1 FROM outbox")

    async with relaying(pipe, batches):
        await eventually(relayed)

    assert [str(number) for number in range(6)] == await said(pipe)


async def test_a_few_lost_entries_below_newer_ones_are_found_by_their_ids(pipe: Pipe) -> None:
    """As after a failover: the newest are there, and so are the counters."""
    await pipe.publish(*numbered(6))
    entries = await pipe.entries()
    for entry in entries[2:4]:
        await pipe.broker.client.xdel(pipe.key, entry.stream_id)

    await watch(pipe).look()
    await pipe.publish()

    assert ["0", "1", "4", "5", "2", "3"] == await said(pipe)


async def test_an_id_that_now_belongs_to_another_event_is_a_lost_one(pipe: Pipe) -> None:
    await pipe.publish(*numbered(1))
    (entry,) = await pipe.entries()
    await pipe.broker.client.delete(pipe.key)
    other = {**entry.fields, b"ce_id": b"01930000-0000-7000-8000-000000000000"}
    await pipe.broker.client.xadd(pipe.key, dict(other), id=entry.stream_id)  # type: ignore[arg-type]

    await watch(pipe).look()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_what_was_trimmed_on_purpose_is_not_lost(pipe: Pipe) -> None:
    await pipe.publish(*numbered(3))
    entries = await pipe.entries()
    await pipe.rows(
        "INSERT INTO stream_marks (stream, trimmed_below) VALUES ('probed', :mark)",
        mark=entries[2].stream_id,
    )
    await pipe.broker.client.delete(pipe.key)

    await watch(pipe).look()

    (row,) = await pipe.rows("SELECT data FROM outbox")
    assert '"2"' in row.data


async def test_where_repair_is_off_it_only_tells_and_is_not_ready(pipe: Pipe) -> None:
    await pipe.publish(*numbered(2))
    await pipe.broker.client.delete(pipe.key)

    await watch(pipe, repair=False).look()

    assert not await pipe.rows("SELECT 1 FROM outbox")
    assert {"lost writes": "Redis has lost 2 published events"} == pipe.health.problems
    [_ async for _ in republish(pipe.engine, Published())]
    await pipe.publish()
    await watch(pipe, repair=False).look()
    assert not pipe.health.problems, "they were published again by hand"


@pytest.mark.parametrize(
    ("earlier", "later"), [("1-1", "1-2"), ("9-0", "10-0"), ("1-9", "1-10"), ("1", "1-1")]
)
def test_ids_are_compared_as_numbers(earlier: str, later: str) -> None:
    assert number(earlier) < number(later)

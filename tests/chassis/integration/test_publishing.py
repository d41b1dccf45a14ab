"""One batch: nothing lost, order kept, duplicates bounded, whatever fails in between."""

from collections.abc import Mapping

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from orders.chassis.errors import BrokerUnavailable, DatabaseUnavailable
from orders.chassis.messaging.publishing import batch, pending_batch
from orders.chassis.messaging.publishing.pending_batch import Part
from orders.chassis.messaging.publishing.stream_writer import StreamWriter
from orders.chassis.messaging.redis import Broker

from ..pipe import STREAM, Pipe, Probed
from ..relaying import numbered, said


async def test_what_went_out_is_kept_with_its_place(pipe: Pipe) -> None:
    before = REGISTRY.get_sample_value("relay_published_total", {"stream": STREAM}) or 0
    await pipe.publish(*numbered(2))

    sent = await pipe.rows("SELECT stream_id, data FROM outbox_sent ORDER BY id")
    assert [row.stream_id for row in sent] == [entry.stream_id for entry in await pipe.entries()]
    assert REGISTRY.get_sample_value("relay_published_total", {"stream": STREAM}) == before + 2
    assert not await pipe.rows("SELECT 1 FROM outbox")


async def test_a_crash_after_publishing_doubles_the_batch_and_loses_nothing(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipe.emit(*numbered(2))
    with monkeypatch.context() as broken:
        broken.setattr(pending_batch, "_MOVE", text("SELECT 1 / 0, :ids, :stream_ids"))
        with pytest.raises(batch.Unrecorded):
            await pipe.batches().publish_next()

    await pipe.batches().publish_next()

    assert ["0", "1", "0", "1"] == await said(pipe)


async def test_a_database_that_falls_silent_is_not_waited_for_for_ever(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither before a batch was published, nor after it."""
    monkeypatch.setattr(batch, "PATIENCE", 0.3)
    silent = "CREATE VIEW outbox AS SELECT e.* FROM elsewhere AS e, pg_sleep(60)"
    await pipe.emit(*numbered(1))
    await pipe.rows("ALTER TABLE outbox RENAME TO elsewhere")
    await pipe.rows(silent)
    with pytest.raises(DatabaseUnavailable, match="no answer"):
        await pipe.batches().publish_next()
    await pipe.rows("DROP VIEW outbox")
    await pipe.rows("ALTER TABLE elsewhere RENAME TO outbox")

    await pipe.rows(
        "CREATE FUNCTION silence() RETURNS timestamptz LANGUAGE sql AS"
        " $$ SELECT now() FROM pg_sleep(60) $$"
    )
    await pipe.rows("ALTER TABLE outbox_sent ALTER sent_at SET DEFAULT silence()")
    with pytest.raises(batch.Unrecorded):
        await pipe.batches().publish_next()


async def test_one_event_emitted_twice_is_no_obstacle(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await pipe.emit(event, event)
    await pipe.publish()
    await pipe.publish(event)

    sent = await pipe.rows("SELECT stream_id FROM outbox_sent")
    entries = await pipe.entries()
    assert len(entries) == 3
    assert [entries[-1].stream_id] == [row.stream_id for row in sent]


async def test_a_broker_that_is_down_keeps_events_waiting(pipe: Pipe) -> None:
    await pipe.emit(*numbered(1))
    async with Broker("redis://127.0.0.1:1/0") as nowhere:
        with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1"):
            await pipe.batches(broker=nowhere).publish_next()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_stream_that_refuses_does_not_flood_another(pipe: Pipe) -> None:
    """What was published before the refusal is taken note of, and is not published again."""
    await pipe.emit(*numbered(1))
    async with pipe.units.open() as uow:
        uow.announce("broken", "eventsmith.Probe.v1", "a", "{}")
    await pipe.broker.client.set(pipe.prefix + "broken", "no stream")

    for _ in range(3):
        with pytest.raises(BrokerUnavailable, match="WRONGTYPE"):
            await pipe.batches().publish_next()

    assert ["0"] == await said(pipe)
    assert ["broken"] == [row.stream for row in await pipe.rows("SELECT stream FROM outbox")]


async def test_a_stream_that_refuses_holds_up_no_other(pipe: Pipe) -> None:
    async with pipe.units.open() as uow:
        uow.announce("broken", "eventsmith.Probe.v1", "a", "{}")
    await pipe.emit(*numbered(1))
    await pipe.broker.client.set(pipe.prefix + "broken", "no stream")

    with pytest.raises(BrokerUnavailable, match="WRONGTYPE"):
        await pipe.batches().publish_next()

    assert ["0"] == await said(pipe)


async def test_many_events_for_a_stream_that_refuses_hold_up_no_other(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than come in a batch, before all the others."""
    async with pipe.units.open() as uow:
        for _ in range(3):
            uow.announce("broken", "eventsmith.Probe.v1", "a", "{}")
    await pipe.emit(*numbered(1))
    await pipe.broker.client.set(pipe.prefix + "broken", "no stream")
    batches = pipe.batches(size=2)
    with pytest.raises(BrokerUnavailable, match="WRONGTYPE"):
        await batches.publish_next()

    assert (await batches.publish_next()).count == 1
    assert ["0"] == await said(pipe)
    assert batches.refused

    monkeypatch.setattr(batch, "REFUSED", 0)
    await pipe.broker.client.delete(pipe.prefix + "broken")
    counts = [(await batches.publish_next()).count for _ in range(3)]

    assert counts == [2, 1, 0]
    assert not batches.refused


async def test_a_refusal_does_not_quote_what_was_published(pipe: Pipe) -> None:
    await pipe.emit(Probed(aggregate_id="a", text="hunter2"))
    await pipe.broker.client.set(pipe.key, "no stream")

    with pytest.raises(BrokerUnavailable) as raised:
        await pipe.batches().publish_next()

    assert "XADD" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


async def test_rows_that_came_in_between_stay_in_the_outbox(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly what was read is moved, never a range of ids."""
    batches = pipe.batches()
    publish = StreamWriter.publish

    async def and_commit_another(writer: StreamWriter, part: Part) -> Mapping[int, str]:
        await pipe.rows(
            "INSERT INTO outbox (id, event_id, stream, attributes, data)"
            " SELECT -id, gen_random_uuid(), stream, attributes, data FROM outbox LIMIT 1"
        )
        return await publish(writer, part)

    await pipe.emit(*numbered(2))
    monkeypatch.setattr(StreamWriter, "publish", and_commit_another)
    await batches.publish_next()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_batch_ends_at_its_size_in_bytes(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_batch, "PART_BYTES", 1000)
    await pipe.emit(*(Probed(aggregate_id="a", text="x" * 600) for _ in range(3)))

    assert (await pipe.batches().publish_next()).count == 2

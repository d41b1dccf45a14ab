"""The audit finds what is lost or contradicts itself, and nothing else."""

from orders.chassis.messaging.redis import PARKED
from orders.chassis.messaging.upkeep.audit import Audit, Report

from ..pipe import STREAM, Pipe, Probed, handler, refuse
from ..service import SERVICE


def events(count: int) -> list[Probed]:
    """So many events."""
    return [Probed(aggregate_id=str(number)) for number in range(count)]


async def audited(pipe: Pipe) -> Report:
    """All that the audit finds."""
    audit = Audit(pipe.engine, pipe.broker, key_prefix=pipe.prefix, group=SERVICE)
    await audit.published(STREAM)
    await audit.consumed(STREAM, {str(Probed.event_type): [handler()]})
    await audit.decided()
    return audit.report


async def handled(pipe: Pipe, *emitted: Probed) -> None:
    """Have events handled."""
    await pipe.publish(*emitted)
    async with pipe.consuming(handler()):
        await pipe.acknowledged(len(emitted))


async def test_where_all_is_well_it_finds_nothing_and_says_how_much_it_compared(
    pipe: Pipe,
) -> None:
    await handled(pipe, *events(7))

    report = await audited(pipe)

    assert not report.findings
    assert {f"published on {STREAM}": 7, "read by probed": 7, "decided: done": 7} == report.compared


async def test_a_repeat_in_the_stream_is_no_double_effect(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await pipe.emit(event, event)
    await handled(pipe, event)

    assert not (await audited(pipe)).findings


async def test_an_event_that_the_stream_lost_is_found(pipe: Pipe) -> None:
    await handled(pipe, *events(3))
    entry = (await pipe.entries())[1]
    await pipe.broker.client.xdel(pipe.key, entry.stream_id)

    report = await audited(pipe)

    assert {f"lost from {STREAM}": 1} == report.findings
    assert [entry.fields[b"ce_id"].decode()] == report.event_ids[f"lost from {STREAM}"]


async def test_what_was_trimmed_on_purpose_is_not_compared(pipe: Pipe) -> None:
    await handled(pipe, *events(3))
    mark = (await pipe.entries())[2].stream_id
    await pipe.rows("INSERT INTO stream_marks VALUES (:stream, :mark)", stream=STREAM, mark=mark)
    await pipe.broker.client.xtrim(pipe.key, minid=mark)

    assert not (await audited(pipe)).findings


async def test_an_event_that_was_read_and_never_decided_is_found(pipe: Pipe) -> None:
    emitted = events(3)
    await handled(pipe, *emitted)
    await pipe.rows("DELETE FROM inbox WHERE event_id = :id", id=emitted[1].event_id)

    report = await audited(pipe)

    assert {"not decided by probed": [str(emitted[1].event_id)]} == report.event_ids


async def test_an_event_that_still_waits_is_not_missing(pipe: Pipe) -> None:
    await handled(pipe, *events(1))
    await pipe.publish(*events(2))
    group = pipe.group(PARKED)
    await group.read(1, 100)

    assert not (await audited(pipe)).findings


async def test_an_event_that_was_applied_and_is_dead_as_well_is_found(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await pipe.publish(event)
    async with pipe.consuming(handler(refuse)):
        await pipe.acknowledged(1)
    assert not (await audited(pipe)).findings
    await pipe.rows("UPDATE inbox SET state = 'done'")

    report = await audited(pipe)

    assert {"applied and dead": [str(event.event_id)]} == report.event_ids


async def test_a_dead_event_without_its_dead_letter_is_found(pipe: Pipe) -> None:
    await handled(pipe, *events(1))
    await pipe.rows("UPDATE inbox SET state = 'dead'")

    assert {"dead without a dead letter": 1} == (await audited(pipe)).findings

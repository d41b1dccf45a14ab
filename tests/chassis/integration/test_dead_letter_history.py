"""What a dead letter remembers: its entry to the last byte, and every time it failed."""

import json
from datetime import datetime

from orders.chassis.messaging.dead_letters.store import HISTORY, entry_fields
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..letters import seed
from ..pipe import Pipe, Probed, handler
from ..service import SERVICE


async def fail(pipe: Pipe, *errors: Exception) -> None:
    """Replay the dead letter as many times, failing in this way."""
    raised = iter(errors)

    async def failing(_: Probed, __: UnitOfWork) -> None:
        raise next(raised)

    for _ in errors:
        await pipe.rows("UPDATE dead_letters SET state = 'replay', started = 0")
        assert await pipe.replays(handler(failing)).replay_next()


async def give_up(pipe: Pipe) -> None:
    """An event becomes a dead letter."""
    await pipe.publish(Probed(aggregate_id="a"))
    (entry,) = await pipe.entries()
    fields = {name.decode(): value.decode() for name, value in entry.fields.items()}
    await seed(pipe, handler="probed", event_type=f"{SERVICE}.Probed.v1", error="ValueError: first")
    statement = "UPDATE dead_letters SET entry = CAST(:entry AS jsonb)"
    await pipe.rows(statement, entry=json.dumps(fields))


async def test_a_replay_that_fails_puts_the_failure_before_into_the_history(pipe: Pipe) -> None:
    await give_up(pipe)
    (before,) = await pipe.dead()

    await fail(pipe, KeyError("second"), ValueError("third"))

    (letter,) = await pipe.dead()
    assert (2, "ValueError: third") == (letter.replays, letter.error)
    assert ["ValueError: first", "KeyError: 'second'"] == [f["error"] for f in letter.history]
    assert ["attempts"] * 2 == [failure["reason"] for failure in letter.history]
    first, second = [datetime.fromisoformat(f["failed_at"]) for f in letter.history]
    assert before.died_at == before.failed_at == first < second < letter.failed_at
    assert "f1" == letter.history[0]["fingerprint"] != letter.fingerprint


async def test_the_first_failure_and_the_newest_are_kept(pipe: Pipe) -> None:
    await give_up(pipe)

    await fail(pipe, *[ValueError(number) for number in range(HISTORY + 5)])

    (letter,) = await pipe.dead()
    errors = [failure["error"] for failure in letter.history]
    assert (HISTORY, HISTORY + 5) == (len(errors), letter.replays)
    assert ["ValueError: first", "ValueError: 5"] == errors[:2]
    assert f"ValueError: {HISTORY + 3}" == errors[-1]


async def test_a_history_does_not_grow_with_its_errors(pipe: Pipe) -> None:
    await give_up(pipe)

    await fail(pipe, ValueError("x" * 100_000), ValueError("last"))

    (letter,) = await pipe.dead()
    assert len(letter.history[-1]["error"]) == 500


async def test_not_a_byte_of_an_entry_is_lost(pipe: Pipe) -> None:
    entry = {
        b"data": b"\xff\x00",
        b"ce_type": b"base64:/w==",
        b"\xfe": b"\x00",
        b"\\xfe": b"backslash",
        b"base64:/g==": "ünïcode".encode(),
        b"": b"",
    }
    await pipe.broker.client.xadd(pipe.key, dict(entry))  # type: ignore[arg-type]

    async with pipe.consuming():
        await pipe.acknowledged(1)

    (letter,) = await pipe.dead()
    assert entry == entry_fields(letter.entry)

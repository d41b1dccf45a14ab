"""What is decided at the desk: for one dead letter, for a selection, for a group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from orders.chassis.messaging.dead_letters import decisions as deciding
from orders.chassis.ops import decisions, guard

from ..letters import die, mark, seed, states
from ..line import line_to
from ..operators import Operator, at_the_desk, hidden, query, words
from ..pipe import Pipe, alike, eventually, handler


async def replaying(pipe: Pipe, *events: Any) -> None:
    """Have a real consumer take what is marked, until these events have left their effects."""
    stopping = asyncio.Event()

    async def handled() -> bool:
        return {event.event_id for event in events} <= set(await pipe.effects())

    async with pipe.consuming(handler()), asyncio.TaskGroup() as tasks:
        tasks.create_task(pipe.replays(handler()).run(stopping))
        await eventually(handled)
        stopping.set()


async def test_one_dead_letter_is_replayed_once(operator: Operator, pipe: Pipe) -> None:
    events = alike(2)
    letters = await die(pipe, *events)
    (row, _) = await pipe.dead()
    chosen = next(event for event in events if event.event_id == row.event_id)

    said = await operator.decide("replay", id=letters[0])
    await replaying(pipe, chosen)

    assert said.startswith("Marked for replay: 1 ")
    assert [chosen.event_id] == await pipe.effects()
    assert f"Dead letter {letters[0]} replayed" in await operator.text(f"/ops/letters/{letters[0]}")
    assert {"open": 1, "replayed": 1} == await states(pipe)


async def test_a_selection_is_replayed_and_nothing_else(operator: Operator, pipe: Pipe) -> None:
    events = alike(3)
    letters = await die(pipe, *events)
    chosen = [e for e in events if e.event_id in {row.event_id for row in (await pipe.dead())[:2]}]

    said = await operator.decide("replay", id=letters[:2])
    await replaying(pipe, *chosen)

    assert said.startswith("Marked for replay: 2 ")
    assert {event.event_id for event in chosen} == set(await pipe.effects())
    page = await operator.text(f"/ops/letters?id={letters[0]}&id={letters[1]}")
    assert 2 == page.count(" replayed ")


async def test_a_group_is_replayed_as_it_was_when_it_was_confirmed(
    operator: Operator, pipe: Pipe
) -> None:
    events = alike(3)
    await die(pipe, *events)
    group = (await pipe.dead())[0].fingerprint
    asked = await operator.get(f"/ops/confirm?{query('replay', group=group)}")
    (later,) = await seed(pipe, fingerprint=group, handler="probed", event_type=str(pipe.type))

    answer = await operator.send("/ops/decide", hidden(asked))
    await replaying(pipe, *events)

    assert "Replay 3 dead letters?" in words(asked.text)
    assert "Marked for replay: 3 " in words(answer.text)
    assert {"open": 1, "replayed": 3} == await states(pipe)
    assert [later] == [row.id for row in await pipe.dead() if row.state == "open"]


async def test_a_group_larger_than_a_batch_is_replayed_whole(
    operator: Operator, pipe: Pipe
) -> None:
    await seed(pipe, deciding.BATCH + 1)

    said = await operator.decide("replay", group="f1")

    assert said.startswith(f"Marked for replay: {deciding.BATCH + 1} ")
    assert {"replay": deciding.BATCH + 1} == await states(pipe)


@pytest.mark.parametrize("by", ["number", "group"])
async def test_what_is_discarded_is_never_handled(operator: Operator, pipe: Pipe, by: str) -> None:
    (number,) = await die(pipe, *alike(1))
    chosen = {"id": number} if by == "number" else {"group": (await pipe.dead())[0].fingerprint}

    said = await operator.decide("discard", **chosen)

    assert said.startswith("Discarded: 1 ")
    assert {"discarded": 1} == await states(pipe)
    assert ["discarded"] == [row.state for row in await pipe.rows("SELECT state FROM inbox")]
    assert not await pipe.replays(handler()).replay_next()


async def test_nothing_happens_before_it_is_confirmed(operator: Operator, pipe: Pipe) -> None:
    await seed(pipe, 2)

    for action in ("replay", "discard"):
        page = await operator.text(f"/ops/confirm?{query(action, group='f1')}")
        assert f"{action.title()} 2 dead letters?" in page

    assert {"open": 2} == await states(pipe)


async def test_what_cannot_be_replayed_is_named_with_the_reason(
    operator: Operator, pipe: Pipe
) -> None:
    (fit,) = await seed(pipe)
    (decided,) = await seed(pipe, state="discarded")
    (marked,) = await seed(pipe, state="replay")
    (gone,) = await seed(pipe, handler="gone", event_type="shop.Paid.v1")
    chosen = [fit, decided, marked, gone, 99]

    asked = await operator.text(f"/ops/confirm?{query('replay', id=chosen)}")
    said = await operator.decide("replay", id=chosen)

    assert "Replay 1 dead letter?" in asked
    assert said.startswith("Marked for replay: 1 ")
    for page in (asked, said):
        left = page.partition("Skipped ")[2]
        assert left == (
            f"{decided} : already discarded {marked} : already marked for replay "
            f"{gone} : this code has no handler gone of shop.Paid.v1 "
            "99 : no such dead letter"
        )


async def test_what_a_group_leaves_alone_is_counted(operator: Operator, pipe: Pipe) -> None:
    await seed(pipe, 2)
    await seed(pipe, 3, handler="gone", event_type="shop.Paid.v1")

    said = await operator.decide("replay", group="f1")

    assert said.startswith("Marked for replay: 2 ")
    assert said.endswith("Skipped 3: this code has no handler gone of shop.Paid.v1")
    assert {"open": 3, "replay": 2} == await states(pipe)


async def test_what_a_consumer_is_replaying_cannot_be_discarded(
    operator: Operator, pipe: Pipe
) -> None:
    letters = await seed(pipe, 2)
    await mark(pipe, letters)

    async with pipe.engine.begin() as consumer:
        lock = text("SELECT 1 FROM dead_letters WHERE id = :id FOR UPDATE")
        await consumer.execute(lock, {"id": letters[0]})
        said = await operator.decide("discard", id=letters)

    assert said.startswith("Discarded: 1 ")
    assert said.endswith(f"Skipped {letters[0]} : a consumer is replaying it")


async def test_sent_twice_a_form_changes_nothing_the_second_time(
    operator: Operator, pipe: Pipe
) -> None:
    (number,) = await seed(pipe)
    form = hidden((await operator.get(f"/ops/confirm?{query('discard', id=number)}")).text)

    first, second = [words((await operator.send("/ops/decide", form)).text) for _ in range(2)]

    assert "Discarded: 1 Their events will" in first
    assert f"Discarded: 0 Nothing was changed. Show these dead letters Skipped {number}" in second


async def test_a_decision_that_takes_long_pauses_and_shows_what_is_left(
    operator: Operator, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "PAUSE_AFTER", 0)
    await seed(pipe, deciding.BATCH + 5)

    said = await operator.decide("replay", group="f1")

    assert said.startswith(f"Marked for replay: {deciding.BATCH} ")
    assert "Stopped early: " in said
    assert "Not changed: 5. Continue" in said
    assert {"open": 5, "replay": deciding.BATCH} == await states(pipe)


async def test_what_was_decided_before_postgres_hung_is_shown_and_logged(
    pipe: Pipe, servers: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    await seed(pipe, deciding.BATCH + 5)
    monkeypatch.setattr(decisions, "GIVE_UP_AFTER", 1)
    monkeypatch.setattr(guard, "WRITING", 5)
    replay = deciding.mark_for_replay

    async with line_to(str(servers["database_url"])) as line:

        async def silenced(*asked: Any) -> AsyncIterator[Sequence[int]]:
            async for batch in replay(*asked):
                line.silence()
                yield batch

        monkeypatch.setattr(deciding, "mark_for_replay", silenced)
        settings = servers | {"database_url": line.url}
        async with at_the_desk(pipe, handler(), settings=settings) as operator:
            await operator.log_in()
            with capture_logs() as logs:
                said = await operator.decide("replay", group="f1")

    assert said.startswith(f"Marked for replay: {deciding.BATCH} ")
    assert "Stopped early: Postgres does not answer in time. Not changed: 5. Continue" in said
    assert [deciding.BATCH] == [
        line["dead_letters"] for line in logs if line["event"] == "desk.decided"
    ]


async def test_who_decided_what_is_logged(operator: Operator, pipe: Pipe) -> None:
    (number,) = await seed(pipe)

    with capture_logs() as logs:
        await operator.decide("discard", id=number)

    (line,) = [line for line in logs if line["event"] == "desk.decided"]
    assert ("discard", 1, (number,)) == (line["action"], line["dead_letters"], line["ids"])
    assert line["operator"]

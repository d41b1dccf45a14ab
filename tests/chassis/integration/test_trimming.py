"""Trimming: what goes out of a stream, what holds it back, and the mark that comes first."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from orders.chassis.messaging.redis import number
from orders.chassis.messaging.upkeep import trim_streams

from ..cleaning import add, cleaner, left, read
from ..pipe import STREAM, Pipe
from ..service import SERVICE

NOTICES = f"{STREAM}.{SERVICE}.dlq"


async def mark(pipe: Pipe) -> str | None:
    """The trim mark of the test's stream."""
    found = await pipe.rows("SELECT trimmed_below FROM stream_marks WHERE stream = :s", s=STREAM)
    return found[0].trimmed_below if found else None


async def test_what_every_group_has_acknowledged_goes_when_it_is_old(pipe: Pipe) -> None:
    *_, young = await add(pipe, 9, 8, 1)
    for group in ("inventory", "billing"):
        await read(pipe, group)

    await cleaner(pipe).clean()

    assert [young] == await left(pipe)


async def test_a_stream_may_become_empty_and_goes_on(pipe: Pipe) -> None:
    await add(pipe, 9, 8)
    await read(pipe, SERVICE)

    await cleaner(pipe).clean()

    assert [] == await left(pipe)
    new = await pipe.add(data="{}")
    assert [new] == [delivery.stream_id for delivery in await pipe.group().read(10, 10)]


async def test_what_nobody_reads_waits_for_its_first_group(pipe: Pipe) -> None:
    ids = await add(pipe, 9, 8, 1)

    await cleaner(pipe).clean()

    assert ids == await left(pipe)
    assert None is await mark(pipe)


async def test_a_group_that_is_behind_holds_what_it_has_not_read(pipe: Pipe) -> None:
    ids = await add(pipe, 10, 9, 8, 1)
    await read(pipe, "inventory")
    await read(pipe, "behind", 1)

    await cleaner(pipe).clean()

    assert ids[1:] == await left(pipe)


async def test_a_pending_entry_holds_itself_and_what_came_after_it(pipe: Pipe) -> None:
    ids = await add(pipe, 10, 9, 8, 1)
    await read(pipe, SERVICE, ack=False)
    await pipe.broker.client.xack(pipe.key, SERVICE, ids[0], ids[2])

    await cleaner(pipe).clean()
    assert ids[1:] == await left(pipe)

    await pipe.broker.client.xack(pipe.key, SERVICE, ids[1])
    await cleaner(pipe).clean()
    assert ids[3:] == await left(pipe)


async def test_an_entry_that_is_delivered_in_the_middle_of_the_look_is_kept(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await add(pipe, 9, 8)
    await read(pipe, SERVICE, 1)
    client = pipe.broker.client

    def then_deliver(ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def ask_and_deliver(*arguments: Any) -> Any:
            answer = await ask(*arguments)
            await client.xreadgroup(SERVICE, "c", {pipe.key: ">"}, count=1)
            return answer

        return ask_and_deliver

    for name in ("xinfo_groups", "xpending"):
        monkeypatch.setattr(client, name, then_deliver(getattr(client, name)))
    await cleaner(pipe).clean()

    assert ids[1:] == await left(pipe)


async def test_a_destroyed_group_holds_nothing(pipe: Pipe) -> None:
    ids = await add(pipe, 9, 8, 1)
    await read(pipe, "inventory")
    await read(pipe, "forgotten", 1, ack=False)
    await cleaner(pipe).clean()
    assert ids == await left(pipe)

    await pipe.broker.client.xgroup_destroy(pipe.key, "forgotten")
    await cleaner(pipe).clean()

    assert ids[2:] == await left(pipe)


async def test_a_late_group_finds_at_least_what_the_retention_promises(pipe: Pipe) -> None:
    """Others were done with everything long before: of that, 7 days are kept for it."""
    ids = await add(pipe, 9, 8, 6.9, 1)
    await read(pipe, "inventory")
    await cleaner(pipe).clean()

    assert ids[2:] == await read(pipe, "late")


async def test_the_mark_is_there_before_anything_goes(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await add(pipe, 9, 8, 1)
    await read(pipe, SERVICE)
    with monkeypatch.context() as broken:
        broken.setattr(trim_streams, "CHUNK", -1)  # which Redis refuses
        await cleaner(pipe).clean()
    assert ids == await left(pipe)
    noted = await mark(pipe)
    assert noted is not None
    assert number(ids[1]) < number(noted) <= number(ids[2])

    await cleaner(pipe).clean()
    assert ids[2:] == await left(pipe)


async def test_nothing_goes_without_a_mark(pipe: Pipe) -> None:
    ids = await add(pipe, 9, 8, 1)
    await read(pipe, SERVICE)
    await pipe.rows("ALTER TABLE stream_marks RENAME TO elsewhere")

    await cleaner(pipe).clean()

    assert ids == await left(pipe)


@pytest.mark.parametrize(("known", "rises"), [("999999999999-9", True), ("9999999999999-0", False)])
async def test_a_mark_only_rises(pipe: Pipe, known: str, rises: bool) -> None:
    """Ids are numbers: as text, the first of these would be greater than any of today."""
    await add(pipe, 9)
    await read(pipe, SERVICE)
    await pipe.rows("INSERT INTO stream_marks VALUES (:stream, :known)", stream=STREAM, known=known)

    await cleaner(pipe).clean()

    assert rises == (await mark(pipe) != known)


async def test_a_stream_is_trimmed_in_small_chunks(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trim_streams, "CHUNK", 200)
    await add(pipe, *(9 - n / 1000 for n in range(550)), 1)
    below = number((await left(pipe))[-1])
    chunks = [1]
    while chunks[-1]:
        chunks.append(await trim_streams.trim_chunk(pipe.broker, pipe.key, below))

    assert sum(chunks[1:]) == 550
    assert max(chunks) <= 200
    assert len(await left(pipe)) == 1


async def test_announcements_of_dead_letters_go_although_nobody_reads_them(pipe: Pipe) -> None:
    ids = await add(pipe, 9, 8, 1, stream=NOTICES)
    await cleaner(pipe).clean()
    assert ids[2:] == await left(pipe, NOTICES)


async def test_a_group_that_reads_announcements_holds_them(pipe: Pipe) -> None:
    ids = await add(pipe, 9, 8, 1, stream=NOTICES)
    await read(pipe, "alerts", 1, stream=NOTICES)

    await cleaner(pipe).clean()

    assert ids[1:] == await left(pipe, NOTICES)

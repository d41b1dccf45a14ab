"""What an operator sees of dead letters: groups, pages, and what a selection leaves of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders.chassis.messaging.dead_letters import queries
from orders.chassis.messaging.dead_letters.selection import Selection, pin

from ..letters import seed
from ..pipe import Pipe

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERY = Selection()


async def found(pipe: Pipe, chosen: Selection) -> list[int]:
    """The numbers of the dead letters that a selection is about."""
    return [letter.id for letter in await queries.in_brief(pipe.engine, chosen, 1_000_000)]


async def test_letters_of_one_cause_are_one_group(pipe: Pipe) -> None:
    for hours, error in enumerate(("ValueError: old", "ValueError: new")):
        await seed(
            pipe,
            2,
            event_type="shop.Paid.v1",
            handler="notify",
            died_at=NOON + hours * HOUR,
            failed_at=NOON + hours * HOUR,
            error=error,
        )

    (group,) = await queries.grouped(pipe.engine, EVERY, 10)
    assert ("f1", 4, 0) == (group.group, group.open, group.marked)
    assert (NOON, NOON + HOUR) == (group.first_seen, group.last_seen)
    assert ("shop.Paid.v1", "notify") == (group.event_type, group.handler)
    assert "ValueError: new" == group.error


async def test_a_group_counts_its_handlers_and_types(pipe: Pipe) -> None:
    await seed(pipe, event_type="shop.Paid.v1", handler="notify")
    await seed(pipe, event_type="shop.Sent.v1", handler="audit")

    (group,) = await queries.grouped(pipe.engine, EVERY, 10)
    assert (2, "audit", 2) == (group.event_types, group.handler, group.handlers)


async def test_the_largest_groups_come_first(pipe: Pipe) -> None:
    for size in (1, 3, 2):
        await seed(pipe, size, fingerprint=f"of {size}")

    groups = await queries.grouped(pipe.engine, EVERY, 2)
    assert ["of 3", "of 2"] == [group.group for group in groups]


async def test_what_is_marked_for_replay_is_counted_apart(pipe: Pipe) -> None:
    await seed(pipe, 2)
    await seed(pipe, 3, state="replay")

    (group,) = await queries.grouped(pipe.engine, EVERY, 10)
    assert (2, 3) == (group.open, group.marked)
    assert 2 == await queries.count_open(pipe.engine)


@pytest.mark.parametrize("state", ["replayed", "discarded"])
async def test_what_is_decided_is_listed_no_more(pipe: Pipe, state: str) -> None:
    (letter,) = await seed(pipe, state=state)

    assert not await queries.grouped(pipe.engine, EVERY, 10)
    assert not await found(pipe, EVERY)
    assert await queries.find(pipe.engine, letter)


@pytest.mark.parametrize(
    ("column", "value", "chosen"),
    [
        ("fingerprint", "f2", Selection(group="f2")),
        ("event_type", "shop.Paid.v1", Selection(event_type="shop.Paid.v1")),
        ("handler", "notify", Selection(handler="notify")),
        ("reason", "crashed", Selection(reason="crashed")),
        ("failed_at", NOON, Selection(until=NOON + HOUR)),
        ("failed_at", NOON + 9999 * HOUR, Selection(since=NOON + 9999 * HOUR)),
        ("state", "open", Selection(marked=False)),
    ],
)
async def test_a_selection_leaves_what_fits(
    pipe: Pipe, column: str, value: object, chosen: Selection
) -> None:
    columns: dict[str, Any] = {"failed_at": NOON + HOUR, "state": "replay", "handler": "other"}
    await seed(pipe, **columns)
    wanted = await seed(pipe, **columns | {column: value})

    assert wanted == await found(pipe, chosen)


async def test_a_pinned_selection_leaves_later_letters_alone(pipe: Pipe) -> None:
    first = await seed(pipe, 2)
    count, pinned = await pin(pipe.engine, EVERY)
    await seed(pipe)

    assert (2, first) == (count, await found(pipe, pinned))


async def test_pages_bring_every_letter_once_the_oldest_first(pipe: Pipe) -> None:
    letters = await seed(pipe, 2 * queries.PAGE + 1)

    pages = [page async for page in queries.in_full(pipe.engine, EVERY)]

    assert letters == [letter.id for page in pages for letter in page]
    assert queries.PAGE == max(map(len, pages))


async def test_a_list_begins_with_the_oldest_behind_a_number(pipe: Pipe) -> None:
    letters = await seed(pipe, 10)

    listed = await queries.in_brief(pipe.engine, EVERY, 5, after=letters[2])

    assert letters[3:8] == [letter.id for letter in listed]


async def test_no_transaction_waits_for_the_reader_of_a_page(pipe: Pipe) -> None:
    await seed(pipe, queries.PAGE + 1)

    async for _ in queries.in_full(pipe.engine, EVERY):
        assert not await pipe.rows(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'"
            " AND datname = current_database()"
        )


async def test_a_list_shows_the_beginning_of_a_long_error(pipe: Pipe) -> None:
    await seed(pipe, error="x" * 8_000, event_type="y" * 100_000)

    (letter,) = await queries.in_brief(pipe.engine, EVERY, 10)
    assert (queries.EXCERPT,) * 2 == (len(letter.error), len(letter.event_type))

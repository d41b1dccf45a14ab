"""How dead letters look to the person who reads them."""

import json
from typing import Any

from sqlalchemy import Row

from orders.chassis.cli import letters
from orders.chassis.messaging.dead_letters import queries
from orders.chassis.messaging.dead_letters.selection import Selection

from ..letters import seed
from ..pipe import Pipe

HOSTILE = "<script>\x1b]0;owned\x07\u202e"


async def letter(pipe: Pipe, entry: dict[str, str] | None = None, **columns: Any) -> Row[Any]:
    """A dead letter with this entry."""
    (number,) = await seed(pipe, **columns)
    await pipe.rows("UPDATE dead_letters SET entry = CAST(:e AS jsonb)", e=json.dumps(entry or {}))
    found = await queries.find(pipe.engine, number)
    assert found
    return found


async def test_a_dead_letter_is_printed_in_full(pipe: Pipe) -> None:
    history = [{"failed_at": "2026-01-31T13:00:00+01:00", "reason": "timeout", "error": "Slow"}]
    columns = {"replays": 1, "error": "ValueError: no\nreally", "traceback": "Traceback: it.py"}
    trace = "0af7651916cd43dd8448eb211c80319c"
    entry = {
        "ce_type": "shop.Paid.v1",
        "ce_traceparent": f"00-{trace}-b7ad6b7169203331-01",
        "data": '{"amount":"1.50"}',
    }
    row = await letter(pipe, entry, event_type="shop.Paid.v1", **columns)
    await pipe.rows("UPDATE dead_letters SET history = CAST(:h AS jsonb)", h=json.dumps(history))
    found = await queries.find(pipe.engine, row.id)
    assert found

    page = letters.page(found)

    assert f"  event           shop.Paid.v1\n  event id        {row.event_id}\n" in page
    assert f"  trace id        {trace}\n" in page
    assert "envelope\n  ce_traceparent  00-" in page
    assert 'payload\n  {\n    "amount": "1.50"\n  }\n' in page
    assert "error\n  ValueError: no\n  really\n" in page
    assert "traceback\n  Traceback: it.py\n" in page
    assert "failures\n  2026-01-31 12:00:00  timeout   Slow\n" in page
    assert page.endswith("  attempts  ValueError: no")


async def test_a_page_says_how_many_failures_are_forgotten(pipe: Pipe) -> None:
    assert letters.page(await letter(pipe, replays=7)).endswith("\n  … 7 more")


async def test_nothing_in_an_event_commands_the_terminal(pipe: Pipe) -> None:
    entry = {"data": HOSTILE, "ce_type": HOSTILE, HOSTILE: HOSTILE}
    row = await letter(pipe, entry, event_type=HOSTILE, error=HOSTILE, traceback=HOSTILE)
    (group,) = await queries.grouped(pipe.engine, Selection(), 1)

    printed = [letters.page(row), letters.table([letters.letter_cells(row)])]
    printed.append(letters.table([letters.group_cells(group)]))

    assert all(text.replace("\n", "").isprintable() for text in printed)
    assert r"<script>\x1b]0;owned\x07\u202e" in printed[0]


async def test_nor_does_it_as_json(pipe: Pipe) -> None:
    control = "\x9b2J\u202e\U000e0001 ä"
    row = await letter(pipe, {"data": control}, error=control)

    assert letters.record(row).isprintable()
    assert (control, control) == (
        json.loads(letters.record(row))["error"],
        json.loads(letters.record(row))["entry"]["data"],
    )
    assert "ä" in letters.record(row)


async def test_a_payload_that_is_no_json_is_shown_as_it_is(pipe: Pipe) -> None:
    deep = await letter(pipe, {"data": "[" * 100_000})
    bytes_ = await letter(pipe, {"data": "base64:/wBh"})

    assert "payload\n  [[[[" in letters.page(deep)
    assert "payload\n  \\xff\\x00a\n" in letters.page(bytes_)


def test_columns_are_aligned_and_lines_end_where_their_text_does() -> None:
    lines = [("A", "B", "C"), ("longer", "b", "the rest"), ("x", "", "")]

    assert ["A       B  C", "longer  b  the rest", "x"] == list(letters.columns(lines))

"""What the desk shows: everything at a glance, why an event failed, and what of it is missing."""

import json
import re
import time
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from orders.chassis.messaging.events import registered_events
from orders.chassis.ops import overview
from orders.chassis.ops.pages import PAGE

from ..letters import die, mark, seed
from ..line import line_to
from ..operators import Operator, at_the_desk, words
from ..pipe import STREAM, Pipe, alike, handler

HOSTILE = "<script>owned()</script>'\"><img src=x onerror=owned()>\u202e"


async def letter(pipe: Pipe, entry: dict[str, str], **columns: Any) -> int:
    """A dead letter with this entry."""
    (number,) = await seed(pipe, **columns)
    await pipe.rows("UPDATE dead_letters SET entry = CAST(:e AS jsonb)", e=json.dumps(entry))
    return number


async def test_the_first_page_shows_the_state_of_everything(operator: Operator, pipe: Pipe) -> None:
    await pipe.publish(*alike(3))
    async with pipe.consuming(handler()):
        await pipe.acknowledged(3)
    await seed(pipe, 4, error="ValueError: closed today")
    await mark(pipe, (await seed(pipe, fingerprint="f2"))[:1])
    await pipe.emit(*alike(2))

    page = await operator.text("/ops")

    assert "Outbox 2 unpublished, the oldest for 0 s" in page
    assert "Dead letters 4 open, 1 marked for replay" in page
    assert "ValueError: closed today * · - · attempts 4 0" in page
    assert f"{STREAM} {registered_events()[str(pipe.type)].event_type.publisher} 0 0 0 " in page


async def test_an_empty_service_has_pages_too(operator: Operator) -> None:
    page = await operator.text("/ops")

    assert "All events are published. Dead letters 0 open Dead letters by cause" in page
    assert "There are no dead letters." in page
    assert "No stream has a consumer group yet" in page
    assert "No dead letters." in await operator.text("/ops/letters")


async def test_without_redis_the_page_says_so_and_shows_the_rest(
    pipe: Pipe, servers: dict[str, object]
) -> None:
    await seed(pipe, error="ValueError: closed today")
    nowhere = servers | {"redis_url": "redis://:secret@127.0.0.1:1/0"}
    async with at_the_desk(pipe, settings=nowhere) as operator:
        await operator.log_in()
        page = await operator.text("/ops")

    assert "Streams Redis is unavailable: no answer from Redis at 127.0.0.1:1" in page
    assert "ValueError: closed today" in page
    assert "secret" not in page


async def test_without_postgres_the_page_says_so_and_shows_the_rest(
    pipe: Pipe, servers: dict[str, object]
) -> None:
    await pipe.publish(*alike(3))
    await pipe.group().ensure("0")
    nowhere = servers | {"database_url": "postgresql://me:secret@127.0.0.1:1/db"}
    async with at_the_desk(pipe, settings=nowhere) as operator:
        await operator.log_in()
        page = await operator.text("/ops")
        paths = ("/ops/letters", "/ops/confirm?action=replay&id=1")
        with capture_logs() as logs:
            answers = [await operator.get(path) for path in paths]

    assert "Outbox Postgres is unavailable: no connection to Postgres at 127.0.0.1:1/db" in page
    assert re.search(rf"Consumers {STREAM} [\w-]+ 3 0 0 none", page)
    assert [503, 503] == [answer.status_code for answer in answers]
    assert all("Nothing was changed." in answer.text for answer in answers)
    assert 2 == len([line for line in logs if line["event"] == "http.failed"])
    assert "secret" not in str(logs) + page + "".join(answer.text for answer in answers)


async def test_a_server_that_is_silent_costs_its_own_part_alone(
    pipe: Pipe, servers: dict[str, object], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "PATIENCE", 1.0)
    await seed(pipe, error="ValueError: closed today")
    async with line_to(redis_url) as line:
        line.silence()
        async with at_the_desk(pipe, settings=servers | {"redis_url": line.url}) as operator:
            await operator.log_in()
            page = await operator.text("/ops")

    assert "Redis is unavailable: no answer in 1 s" in page
    assert "ValueError: closed today" in page


async def test_without_tables_the_page_names_what_is_missing(
    pipe: Pipe, servers: dict[str, object], empty_database_url: str
) -> None:
    empty = servers | {"database_url": empty_database_url}
    async with at_the_desk(pipe, settings=empty) as operator:
        await operator.log_in()
        page = await operator.text("/ops")

    assert "Postgres is unavailable: the database is not migrated" in page


async def test_the_page_of_a_dead_letter_shows_it_in_full(operator: Operator, pipe: Pipe) -> None:
    (number,) = await die(pipe, *alike(1, "a word"))
    await mark(pipe, [number])
    await pipe.replays(handler(lambda *_: 1 / 0)).replay_next()  # type: ignore[arg-type]
    (row,) = await pipe.dead()

    page = await operator.text(f"/ops/letters/{number}")

    assert (
        f"Dead letter {number} open Why ZeroDivisionError: division by zero Handler probed" in page
    )
    for told in (row.event_type, str(row.event_id), row.stream_id, "Failed replays 1"):
        assert told in page
    assert '"text": "a word"' in page
    assert "Traceback (most recent call last):" in page
    assert re.search(r"Failures .* permanent: .*Permanent: closed .* ZeroDivisionError", page)
    assert f"ce_id {row.event_id}" in page
    assert "Trace id" in page


async def test_what_was_decided_is_shown_and_can_be_decided_no_more(
    operator: Operator, pipe: Pipe
) -> None:
    (number,) = await seed(pipe, state="replayed")

    page = (await operator.get(f"/ops/letters/{number}")).text

    assert "replayed" in page
    assert "/ops/confirm" not in page


async def test_nothing_of_an_event_is_markup(operator: Operator, pipe: Pipe) -> None:
    fields = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_traceparent", "data", HOSTILE)
    columns = ("event_type", "handler", "error", "traceback", "fingerprint", "reason", "stream")
    number = await letter(pipe, dict.fromkeys(fields, HOSTILE), **dict.fromkeys(columns, HOSTILE))
    history = [{"failed_at": "2026-01-31T13:00:00+01:00", "reason": HOSTILE, "error": HOSTILE}]
    await pipe.rows("UPDATE dead_letters SET history = CAST(:h AS jsonb)", h=json.dumps(history))
    group = str(httpx.QueryParams({"group": HOSTILE}))
    paths = [
        "/ops",
        f"/ops/letters?{group}",
        f"/ops/letters/{number}",
        f"/ops/letters?id={number}&id=99",
        f"/ops/confirm?action=replay&{group}",
        f"/ops/confirm?action=discard&{group}",
        f"/ops/confirm?action=replay&id={number}",
        f"/ops/login?next=/ops/letters?{group}",
    ]

    pages = [(await operator.get(path)).text for path in paths]

    for page in pages:
        seen = re.sub(r'type="hidden" name="group" value="[^"]*"', "", page)
        assert not re.search(r"<script|<img|onerror=[^&]*>|\u202e", seen)
    shown = sum("<script>owned()</script>" in words(page) for page in pages)
    assert 6 <= shown


async def test_ten_thousand_dead_letters_come_page_by_page_and_quickly(
    operator: Operator, pipe: Pipe
) -> None:
    first = await seed(pipe, 10_000, error="ValueError: " + "x" * 5_000)
    await seed(pipe, 3, fingerprint="f2")
    await pipe.rows("ANALYZE dead_letters")

    began = time.monotonic()
    overview_page = (await operator.get("/ops")).text
    page = (await operator.get("/ops/letters?group=f1")).text
    (following,) = re.findall(r'href="([^"]*)" rel="next"', page)
    second = (await operator.get(following.replace("&amp;", "&"))).text
    last = (await operator.get(f"/ops/letters?group=f1&after={first[-2]}")).text
    seconds = time.monotonic() - began

    numbers = [re.findall(r'name="id" value="(\d+)"', text) for text in (page, second, last)]
    assert [str(number) for number in first[: 2 * PAGE]] == numbers[0] + numbers[1]
    assert [str(first[-1])] == numbers[2]
    assert "Replay all 10000 open" in page
    assert 'rel="next"' not in last
    assert max(map(len, (overview_page, page))) < 100_000
    assert seconds < 4


ADDRESSES = {
    "/ops/letters/99": 404,
    "/ops/letters/one": 400,
    "/ops/letters/99999999999999999999": 400,
    "/ops/letters/9223372036854775808": 400,
    "/ops/letters?after=-1": 400,
    "/ops/letters?group=%00%ff": 200,
    "/ops/letters?id=" + "&id=".join(map(str, range(101))): 400,
    "/ops/confirm": 400,
    "/ops/confirm?action=replay": 400,
    "/ops/confirm?action=erase&id=1": 400,
    "/ops/confirm?action=replay&id=1&group=f1": 400,
    "/ops/confirm?action=replay&id=1&upto=x": 400,
}


async def test_a_wrong_address_is_answered_by_a_page(operator: Operator) -> None:
    answers = {path: await operator.get(path) for path in ADDRESSES}

    assert {path: answer.status_code for path, answer in answers.items()} == ADDRESSES
    assert all(a.headers["content-type"].startswith("text/html") for a in answers.values())

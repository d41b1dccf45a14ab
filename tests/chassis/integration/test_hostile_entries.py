"""What whoever may write to a stream can do with an entry that is no event: nothing at all, or a
dead letter; and the next entry is handled."""

import asyncio
import json
from collections.abc import Mapping

from structlog.testing import capture_logs

from orders.chassis.cli.reports import Status, status_text
from orders.chassis.messaging.observing import status
from orders.chassis.messaging.upkeep.idle_consumers import remove_idle_consumers

from ..chaos.garbage import entry, without
from ..pipe import STREAM, Pipe, Probed, handler
from ..service import SERVICE

PROBED = f"{SERVICE}.Probed.v1".encode()
Fields = Mapping[str, bytes]


def probed(data: bytes = b'{"text": "x"}', **changes: bytes) -> Fields:
    """An entry that would be an event, but for what is given."""
    return entry(**{"ce_type": PROBED, "data": data} | changes)


def nested(depth: int) -> bytes:
    """JSON that is so deep."""
    return b'{"text": ' + b"[" * depth + b"]" * depth + b"}"


UNDECODABLE: list[Fields] = [
    {"": b""},
    {f"field{n}": b"x" for n in range(5_000)},
    without("data") | {"ce_type": PROBED},
    *(probed(ce_id=value) for value in (b"x" * 1_000_000, b"\x00", b"../../etc/passwd")),
    *(probed(ce_time=value) for value in (b"9" * 400, b"1e400", b"NaN", b"\x1b[2J")),
    *(probed(**{"content-type": value}) for value in (b"text/html", b"\r\nX: y", b"x" * 100_000)),
    *(probed(data=value) for value in (b"\xff\xfe", b"[1]", b"1", b"", b"\x00", b"\xef\xbb\xbf{}")),
    *(probed(data=nested(depth)) for depth in (250, 100_000)),
    probed(data=b'{"text": NaN}'),
    probed(data=b'{"text": "\\ud800"}'),
    probed(data=b'{"text": ' + b"9" * 100_000 + b"}"),
    probed(data=b'{"a":' * 100_000),
]
NOT_VALID: list[Fields] = [
    probed(data=nested(150)),
    probed(data=b'{"text": 1e999}'),
    probed(data=b'{"text": ' + b"9" * 4_000 + b"}"),
    probed(ce_subject=b"a\r\nb"),
    probed(ce_subject=b"a\x00b"),
    probed(ce_subject=b"x" * 1_000_000),
    probed(ce_time=b"0001-01-01T00:00:00+14:00"),
    probed(data=b'{"text": "a\\u0000b"}'),  # which Postgres refuses
]
NOBODYS: list[Fields] = [
    probed(ce_type=PROBED + b"\x00"),
    probed(ce_type=b"\x1b[2J\x1b]0;owned\x07"),
    probed(ce_type=b"orders.X" * 100_000),
]
# Odd, and an event all the same: the last of two keys counts, and what is unknown is left out.
EVENTS: list[Fields] = [
    probed(data=b'{"text": "a", "text": "b"}'),
    probed(data=b'{"text": "x", "event_id": "another", "__class__": 1}'),
    probed(ce_traceparent=b"00-" + b"x" * 100_000, ce_tracestate=b"x" * 1_000_000),
    probed(ce_correlationid=b"\x1b[2J" * 1_000),
    probed(ce_source=b"\x00" * 100_000),
    probed(**{f"field{n}": b"x" for n in range(5_000)}),
]


async def write(pipe: Pipe, entries: list[Fields]) -> list[str]:
    """Write them by hand, a proper event behind each; the stream ids of the former."""
    ids = []
    for fields in entries:
        ids.append(await pipe.add(**fields))
        await pipe.publish(Probed(aggregate_id="good", text="good"))
    return ids


async def test_an_entry_that_is_no_event_is_a_dead_letter_or_skipped_and_the_next_is_handled(
    pipe: Pipe,
) -> None:
    undecodable = await write(pipe, UNDECODABLE)
    not_valid = await write(pipe, NOT_VALID)
    others = await write(pipe, [*NOBODYS, *EVENTS])

    async with pipe.consuming(handler(max_attempts=1)):
        await pipe.acknowledged()

    reasons = {letter.stream_id: letter.reason for letter in await pipe.dead()}
    assert reasons == dict.fromkeys(undecodable, "undecodable") | dict.fromkeys(
        not_valid, "attempts"
    )
    said = [row.said for row in await pipe.rows("SELECT said FROM effects")]
    assert said.count("good") == len(undecodable + not_valid + others)
    assert len(said) - said.count("good") == len(EVENTS)


async def test_the_log_names_a_dead_letter_and_quotes_nothing_of_it(pipe: Pipe) -> None:
    hidden = b'{"text": ["hunter2"]}'
    ids = await write(pipe, [probed(hidden), probed(b"hunter2", ce_type=b"hunter2")])
    with capture_logs() as logs:
        async with pipe.consuming(handler(max_attempts=1)):
            await pipe.acknowledged()

    dead = {line["stream_id"] for line in logs if line["event"] == "event.dead"}
    assert set(ids) == dead
    assert "hunter2" not in repr(logs)


async def test_what_an_event_brings_along_goes_on_only_in_its_bounds(pipe: Pipe) -> None:
    """Its lineage and its trace are copied into what handlers emit."""

    async def emit(_: Probed, uow: object) -> None:
        uow.emit(Probed(aggregate_id="b"))  # type: ignore[attr-defined]

    await pipe.add(
        **probed(
            ce_correlationid=b"x" * 100_000,
            ce_traceparent=b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            ce_tracestate=b",".join(b"k%d=%b" % (n, b"x" * 300) for n in range(3_000)),
        )
    )
    async with pipe.consuming(handler(emit)):
        await pipe.acknowledged(1)

    (row,) = await pipe.rows("SELECT attributes FROM outbox")
    assert len(json.dumps(row.attributes)) < 20_000


async def test_names_that_somebody_gave_to_groups_harm_no_operator(pipe: Pipe) -> None:
    """Whoever may read a stream may name a group as they like, and a consumer of any group."""
    await pipe.group().ensure("0")
    for name in (b"\xff", b"\x1b[2J"):
        await pipe.broker.client.xgroup_create(pipe.key, name, id="0")
        await pipe.broker.client.xgroup_createconsumer(pipe.key, SERVICE, name)
    await asyncio.sleep(0.01)

    found = await status.groups(pipe.broker, [STREAM], pipe.prefix)
    told = status_text(Status(status.Backlog(0, 0), found, 0))
    with capture_logs() as logs:
        await remove_idle_consumers(
            pipe.broker, STREAM, key_prefix=pipe.prefix, group=SERVICE, after=0.001
        )

    assert told.replace("\n", "").isprintable()
    assert {SERVICE, r"\xff"} < {group.group for group in found}
    assert len([line for line in logs if line["event"] == "janitor.consumer_removed"]) == 2
    assert await pipe.broker.client.xinfo_consumers(pipe.key, SERVICE) == []

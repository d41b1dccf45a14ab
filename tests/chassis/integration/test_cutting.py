"""STREAM_MAX_AGE: what is cut though a group needs it is counted and told of."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from orders.chassis.messaging.upkeep import contents

from ..cleaning import add, cleaner, left, read
from ..pipe import STREAM, Pipe


async def test_beyond_the_greatest_age_nothing_holds_and_the_loss_is_told(pipe: Pipe) -> None:
    ids = await add(pipe, 13, 12, 11, 1)
    await read(pipe, "inventory")
    await read(pipe, "behind", 1, ack=False)

    with capture_logs() as logs:
        await cleaner(pipe, at_most=timedelta(days=10)).clean()

    assert ids[3:] == await left(pipe)
    (told,) = [line for line in logs if line["event"] == "janitor.cut"]
    assert (told["group"], told["pending"], told["unread"]) == ("behind", 1, 2)
    assert ids[:3] == told["stream_ids"]
    for state, count in (("pending", 1), ("unread", 2)):
        labels = {"stream": STREAM, "group": "behind", "state": state}
        assert REGISTRY.get_sample_value("janitor_cut_total", labels) == count
    assert [ids[3]] == await read(pipe, "late")


async def test_a_great_loss_is_counted_in_full_and_told_in_part(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "PAGE", 2)
    monkeypatch.setattr(contents, "SHOWN", 3)
    ids = await add(pipe, 13, 12.5, 12, 11.5, 11, 1)
    await pipe.broker.client.xgroup_create(pipe.key, "idle", id="0")

    with capture_logs() as logs:
        await cleaner(pipe, at_most=timedelta(days=10)).clean()

    (told,) = [line for line in logs if line["event"] == "janitor.cut"]
    assert (told["pending"], told["unread"]) == (0, 5)
    assert ids[:3] == told["stream_ids"]

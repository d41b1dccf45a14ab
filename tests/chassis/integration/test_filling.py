"""Free slots are filled by few reads, and none of them stays free for long."""

import asyncio

import pytest

from orders.chassis.messaging.consuming import consumer
from orders.chassis.messaging.consuming.circuit_breaker import Breaker
from orders.chassis.messaging.consuming.group import Group
from orders.chassis.messaging.redis import Delivery
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..pipe import Pipe, Probed, eventually, handler, leave_effect, numbered


class Gates:
    """A handler that lets an event pass when its gate is open."""

    def __init__(self, pipe: Pipe, count: int) -> None:
        self.pipe = pipe
        self.begun: list[str] = []
        self.gates = {str(number): asyncio.Event() for number in range(count)}

    async def handle(self, event: Probed, uow: UnitOfWork) -> None:
        """Wait, and leave the effect."""
        self.begun.append(event.text)
        await self.gates[event.text].wait()
        await leave_effect(event, uow)

    async def have_begun(self, count: int) -> None:
        """Wait until so many events are in hand."""

        async def begun() -> bool:
            return len(self.begun) == count

        await eventually(begun)

    async def let_pass(self, event: str, left: int) -> None:
        """Let one event pass, and wait until only so many are in hand."""
        self.gates[event].set()

        async def acknowledged() -> bool:
            return sum((await self.pipe.pending()).values()) == left

        await eventually(acknowledged)

    async def let_all_pass(self) -> None:
        """Let every event pass, and wait until all are acknowledged."""
        for gate in self.gates.values():
            gate.set()
        await self.pipe.acknowledged(len(self.gates))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many entries each read asks for."""
    asked: list[int] = []
    read = Group.read

    async def and_note(self: Group, count: int, block: int) -> list[Delivery]:
        asked.append(count)
        return await read(self, count, block)

    monkeypatch.setattr(Group, "read", and_note)
    return asked


async def test_a_read_waits_a_moment_until_it_can_fill_half_of_the_slots(
    pipe: Pipe, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "MOMENT", 60.0)
    gates = Gates(pipe, 6)
    await pipe.publish(*numbered(6))
    async with pipe.consuming(handler(gates.handle), concurrency=4):
        await gates.have_begun(4)
        await gates.let_pass("0", left=3)
        assert reads == [4]

        gates.gates["1"].set()
        await gates.have_begun(6)
        await gates.let_all_pass()

    assert reads[:2] == [4, 2]


async def test_a_slot_that_is_free_alone_is_filled_a_moment_later(
    pipe: Pipe, reads: list[int]
) -> None:
    gates = Gates(pipe, 5)
    await pipe.publish(*numbered(5))
    async with pipe.consuming(handler(gates.handle), concurrency=4):
        await gates.have_begun(4)
        gates.gates["0"].set()
        await gates.have_begun(5)
        await gates.let_all_pass()

    assert reads[:2] == [4, 1]


async def test_a_breaker_that_opens_in_that_moment_keeps_anything_from_being_read(
    pipe: Pipe, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read no entries is to read all of them, for Redis."""
    monkeypatch.setattr(consumer, "MOMENT", 60.0)
    gates = Gates(pipe, 6)
    await pipe.publish(*numbered(6))
    async with pipe.consuming(handler(gates.handle), concurrency=4):
        await gates.have_begun(4)
        await gates.let_pass("0", left=3)
        with monkeypatch.context() as broken:
            broken.setattr(Breaker, "allows", lambda *_: 0)
            await gates.let_pass("1", left=2)
            assert reads == [4]
        await gates.let_all_pass()

    assert 0 not in reads

"""Two versions of an event side by side: one reaction, which sees one shape."""

from orders.chassis.messaging.events import DomainEvent, event
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..pipe import STREAM, Pipe, Probed, handler, leave_effect
from ..service import SERVICE


@event(f"{SERVICE}.Moved.v1", stream=STREAM)
class Moved(DomainEvent):
    """Somebody lives in another place."""

    place: str


@event(f"{SERVICE}.Moved.v2", stream=STREAM)
class MovedV2(DomainEvent):
    """The same, with the country apart."""

    city: str
    country: str


def upcast(moved: Moved) -> MovedV2:
    """The same fact in the shape of today."""
    city, _, country = moved.place.partition(", ")
    return MovedV2(
        event_id=moved.event_id,
        aggregate_id=moved.aggregate_id,
        occurred_at=moved.occurred_at,
        city=city,
        country=country,
    )


async def note_country(moved: MovedV2, uow: UnitOfWork) -> None:
    """The reaction."""
    await leave_effect(Probed(event_id=moved.event_id, aggregate_id="a", text=moved.country), uow)


async def note_country_v1(moved: Moved, uow: UnitOfWork) -> None:
    """The same reaction, to what was published before."""
    await note_country(upcast(moved), uow)


async def test_a_reaction_to_the_new_version_takes_the_old_one_as_well(pipe: Pipe) -> None:
    old = Moved(aggregate_id="ada", place="Turin, Italy")
    new = MovedV2(aggregate_id="bob", city="Bern", country="Switzerland")
    await pipe.publish(old, new, old)

    handlers = [
        handler(note_country, "moved", MovedV2),
        handler(note_country_v1, "moved_v1", Moved),
    ]
    async with pipe.consuming(*handlers):
        await pipe.acknowledged(3)

    rows = await pipe.rows("SELECT event_id, said FROM effects ORDER BY said")
    assert [(old.event_id, "Italy"), (new.event_id, "Switzerland")] == [tuple(row) for row in rows]

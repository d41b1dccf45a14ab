"""The harness: one service on a database of the test's own, with its real handling."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Row, select, union_all

from ..contracts.contract import contract_of
from ..contracts.snapshots import examine, read
from ..messaging.consuming.dispatch import Handling
from ..messaging.consuming.group import Group
from ..messaging.envelope import parse
from ..messaging.events import DomainEvent
from ..messaging.handlers import Handler, registered_handlers
from ..messaging.outbox import Outbox
from ..messaging.publishing.notify import OutboxNotifier
from ..messaging.redis import Broker, Delivery
from ..messaging.tables import dead_letters, outbox, outbox_sent
from ..messaging.unit_of_work import UnitOfWork, UnitsOfWork
from ..roles.wiring import database, units_of_work
from ..service import AnyService
from ..settings import Settings

_E = TypeVar("_E", bound=DomainEvent)
_T = TypeVar("_T")
_EMITTED = (outbox, outbox_sent)
MOST_DELIVERIES = 100
"""Of one event. Failures of Postgres itself use up no attempt: they must not go on for ever."""


@dataclass(slots=True)
class Harness:
    """What a test does with a service. A time that passes is to become a method of this, too."""

    composed: AnyService
    settings: Settings
    units: UnitsOfWork
    notifier: OutboxNotifier
    broker: Broker
    _recorders: dict[str, Handler] = field(default_factory=dict)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """A unit of work as endpoints and handlers get it: `uow.session`, `uow.emit`. Commits
        when the block ends well."""
        async with self.units.open() as uow:
            yield uow

    async def add(self, *rows: object) -> None:
        """Store rows: instances of the service's models."""
        async with self.transaction() as uow:
            uow.session.add_all(rows)

    async def get(self, model: type[_T], key: Any) -> _T:
        """The row with this primary key; raises SQLAlchemy's NoResultFound."""
        async with self.transaction() as uow:
            return await uow.session.get_one(model, key)

    async def given(self, *events: DomainEvent) -> None:
        """Deliver events to their handlers as the consumer does, one after the other, until every
        handler has decided: inbox, transaction, and as many retries as the policy grants, without
        its waits. An event that was given before is a duplicate.

        Raises what the handler raised when an event becomes a dead letter; a test that wants that
        expects it: `with pytest.raises(Permanent): await service.given(…)`.
        """
        __tracebackhide__ = True
        for event in events:
            await self._deliver(event)

    def record(self, event: type[_E]) -> list[_E]:
        """Put a recorder in the place of an event's handlers, for this test; the list of what it
        gets. So delivery is tested without the reaction."""
        event_type, recorded = str(event.event_type), list[_E]()

        async def receive(received: _E, _: UnitOfWork) -> None:
            recorded.append(received)

        handlers = _handlers(self.composed, event_type)
        self._recorders[event_type] = replace(handlers[0], function=receive, batch=None)
        return recorded

    async def emitted(self, event: type[_E]) -> list[_E]:
        """The events of a type that were emitted, in the order of their transactions; whether
        they have been published or not."""
        parts = [select(table.c.id, table.c.attributes, table.c.data) for table in _EMITTED]
        async with self.transaction() as uow:
            rows = (await uow.session.execute(union_all(*parts).order_by("id"))).all()
        envelopes = [parse(_entry(row.attributes, row.data)) for row in rows]
        wanted = [envelope for envelope in envelopes if envelope.type == str(event.event_type)]
        return [event.of(envelope.identity, envelope.payload) for envelope in wanted]

    async def dead_letters(self) -> Sequence[Row[Any]]:
        """The dead letters, the oldest first; `reason`, `error` and `traceback` tell the whole
        cause."""
        async with self.transaction() as uow:
            found = await uow.session.execute(select(dead_letters).order_by(dead_letters.c.id))
        return found.all()

    def contract_problems(self, event: type[DomainEvent]) -> list[str]:
        """What makes a class differ from the contract in `contracts/`, and what to do about it."""
        name = str(event.event_type)
        snapshots = read(self.composed.root / "contracts")
        known = {name: snapshots[name]} if name in snapshots else {}
        [verdict] = examine(self.composed.name, known, {name: contract_of(event)})
        if verdict.status == "ok":
            return []
        found = [f"{f.field}: {f.rule} {f.detail}" for f in verdict.findings]
        return [f"{name} is {verdict.status}", *found, verdict.way_out]

    async def _deliver(self, event: DomainEvent) -> None:
        __tracebackhide__ = True
        event_type, raised = str(event.event_type), list[Exception]()
        recorder = self._recorders.get(event_type)
        handlers = [recorder] if recorder else _handlers(self.composed, event_type)
        watched = [_watched(handler, raised) for handler in handlers]
        handling = self._handling(event, {event_type: watched})
        delivery = Delivery("1-1", wire_fields(event), attempt=1)
        for _ in range(MOST_DELIVERIES):
            [again] = await handling.settle([delivery])
            if again is None:
                break
            delivery = replace(delivery, attempt=delivery.attempt + again.counted)
        else:
            raise raised[-1]
        letters = [dead for dead in await self.dead_letters() if dead.event_id == event.event_id]
        if raised and letters:
            raised[-1].add_note(f"dead letter of {letters[-1].handler}: {letters[-1].reason}")
            raise raised[-1]
        assert not letters, letters[-1].traceback or letters[-1].error

    def _handling(self, event: DomainEvent, handlers: Mapping[str, Sequence[Handler]]) -> Handling:
        group = Group(
            self.broker,
            self.broker,
            key_prefix=self.settings.key_prefix,
            stream=event.event_type.stream,
            group=self.composed.name,
            consumer="test",
        )
        return Handling(
            self.units,
            group,
            handlers,
            max_attempts=self.settings.consumer_max_attempts,
            visibility_timeout=self.settings.consumer_visibility_timeout,
        )


@asynccontextmanager
async def open_harness(
    service: AnyService, environment: Mapping[str, str]
) -> AsyncIterator[Harness]:
    """A service on the database and the keys that `environment` names."""
    settings = service.load_settings(**{name.lower(): url for name, url in environment.items()})
    postgres = database(service, settings, "tests")
    async with (
        Broker(environment["REDIS_URL"]) as broker,
        units_of_work(service, settings, postgres, pool_size=5) as (units, notifier),
    ):
        yield Harness(service, settings, units, notifier, broker)


def wire_fields(event: DomainEvent) -> dict[Any, Any]:
    """An event as an entry of its stream, as whoever publishes it would write it."""
    row = Outbox(event.event_type.publisher, 2**20, lambda: None).row(event)
    return _entry(row.attributes, row.data)


def _entry(attributes: Mapping[str, str], data: str) -> dict[bytes, bytes]:
    fields = {**attributes, "data": data}
    return {name.encode(): value.encode() for name, value in fields.items()}


def _handlers(service: AnyService, event_type: str) -> Sequence[Handler]:
    handlers = registered_handlers().get(event_type, ())
    assert handlers, f"no handler of {service.name} reacts to {event_type}"
    return handlers


def _watched(handler: Handler, raised: list[Exception]) -> Handler:
    """The handler, whose exceptions are kept on their way to the dispatch."""

    async def call(events: Any, uow: UnitOfWork) -> None:
        __tracebackhide__ = True
        try:
            await handler.function(events, uow)
        except Exception as error:
            raised.append(error)
            raise

    return replace(handler, function=call)

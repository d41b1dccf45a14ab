"""The harness: one service on a database of the test's own, with its real handling."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from sqlalchemy import Row, select, union_all

from ..contracts.contract import contract_of
from ..contracts.snapshots import examine, read
from ..messaging.consuming.dispatch import Dispatcher
from ..messaging.consuming.group import Group
from ..messaging.consuming.retry_policy import DeadLetter, RetryLater, RetryPolicy
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


@dataclass(slots=True)
class Harness:
    """What a test does with a service. A time that passes is to become a method of this, too."""

    composed: AnyService
    settings: Settings
    units: UnitsOfWork
    notifier: OutboxNotifier
    broker: Broker

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A unit of work as endpoints and handlers get it; commits when the block ends well."""
        return self.units.open()

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
            await self._deliver(event, self._handlers(event))

    async def delivered(self, *events: _E) -> list[_E]:
        """What a handler gets of these events: they are delivered like given ones, to a recorder
        in the place of their handlers. So delivery is tested without the reaction."""
        recorded: list[_E] = []

        async def record(event: _E, _: UnitOfWork) -> None:
            recorded.append(event)

        for event in events:
            recorder = replace(self._handlers(event)[0], function=record, batch=None)
            await self._deliver(event, [recorder])
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
        found = [verdict.status, *map(str, verdict.findings), verdict.way_out]
        return [] if verdict.status == "ok" else found

    def _handlers(self, event: DomainEvent) -> Sequence[Handler]:
        handlers = registered_handlers().get(str(event.event_type), ())
        assert handlers, f"no handler of {self.composed.name} reacts to {event.event_type}"
        return handlers

    async def _deliver(self, event: DomainEvent, handlers: Sequence[Handler]) -> None:
        __tracebackhide__ = True
        settings = self.settings
        policy = _Policy(settings.consumer_max_attempts, settings.consumer_visibility_timeout)
        group = Group(
            self.broker,
            self.broker,
            key_prefix=settings.key_prefix,
            stream=event.event_type.stream,
            group=self.composed.name,
            consumer="test",
        )
        dispatcher = Dispatcher(self.units, group, {str(event.event_type): handlers}, policy)
        delivery = Delivery("1-1", wire_fields(event), attempt=1)
        while retries := await dispatcher.handle([delivery]):
            counted = retries[delivery.stream_id].counted
            delivery = replace(delivery, attempt=delivery.attempt + counted)
        for letter in await self.dead_letters():
            if letter.event_id == event.event_id:
                error = policy.raised[-1]
                error.add_note(f"dead letter of {letter.handler}: {letter.reason}")
                raise error


@dataclass(slots=True, eq=False)
class _Policy(RetryPolicy):
    """The service's policy, which keeps the errors that it decides about."""

    raised: list[Exception] = field(default_factory=list)

    def after_failure(self, error: Exception, *args: Any, **kwargs: Any) -> RetryLater | DeadLetter:
        self.raised.append(error)
        return RetryPolicy.after_failure(self, error, *args, **kwargs)


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

"""One transaction: a change and the events that tell of it, committed together or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from .events.base import DomainEvent
from .messaging.envelope import Envelope
from .messaging.outbox import Outbox, OutboxRow


class UnitOfWork:
    """What an endpoint or a handler works with. Neither ever commits or rolls back itself."""

    def __init__(self, session: AsyncSession, outbox: Outbox, cause: Envelope | None) -> None:
        self.session = session
        self._outbox = outbox
        self._cause = cause
        self._emitted: list[OutboxRow] = []

    def emit(self, event: DomainEvent) -> None:
        """Publish `event` if, and only if, this transaction commits.

        Lock or version the aggregate's row in the same transaction and its events keep their
        order. Raises EventRefused for an event that could never be sent.
        """
        self._emitted.append(self._outbox.row(event, self._cause))

    def announce(self, stream: str, ce_type: str, subject: str, data: str) -> None:
        """Publish a message of the pipe itself, on the same terms."""
        self._emitted.append(self._outbox.notice(stream, ce_type, subject, data))

    async def _write(self) -> bool:
        """Write everything, the outbox rows last; whether there were any."""
        await self.session.flush()
        await self._outbox.insert(self.session, self._emitted)
        return bool(self._emitted)


class UnitsOfWork:
    """Opens units of work on one database."""

    def __init__(self, engine: AsyncEngine, outbox: Outbox) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._outbox = outbox

    @asynccontextmanager
    async def open(self, cause: Envelope | None = None) -> AsyncIterator[UnitOfWork]:
        """Commit if the block ends well, roll back if it raises.

        `cause` is the event being handled; emitted events name it.
        """
        async with self._sessions() as session:
            async with session.begin():
                uow = UnitOfWork(session, self._outbox, cause)
                yield uow
                emitted = await uow._write()
            if emitted:
                self._outbox.poke()

"""One transaction: a change and the events about it, committed together or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session

from ..db import answer_within
from .envelope import Envelope
from .events import DomainEvent
from .outbox import Outbox, OutboxRow

PATIENCE = 10.0
"""Seconds that messaging's own short transactions may take."""
FAILED = "a statement failed"


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
        """Publish a message of messaging itself, on the same terms."""
        self._emitted.append(self._outbox.notice(stream, ce_type, subject, data))

    def _finish(self, session: Session) -> None:
        """All at one go: each step by itself would cost as much as a statement."""
        self._write(session)
        self._commit(session)

    def _write(self, session: Session) -> None:
        """Write everything, the outbox rows last."""
        session.flush()
        connection = session.connection()
        if connection.info.pop(FAILED, False):
            # Where a handler caught a database error, Postgres would roll back at the COMMIT and
            # say nothing. This raises then, unless the error stayed within a savepoint.
            connection.execute(text("SELECT 1"))
        self._outbox.insert(session, self._emitted)

    def _commit(self, session: Session) -> None:
        session.commit()
        session.close()


def _remember_failure(context: ExceptionContext) -> None:
    if context.connection is not None and not context.is_disconnect:
        context.connection.info[FAILED] = True


class _Session(AsyncSession):
    """A session that leaves the transaction to its unit of work."""

    async def commit(self) -> None:
        raise RuntimeError("the unit of work commits; for a savepoint use session.begin_nested()")

    async def rollback(self) -> None:
        raise RuntimeError("raise to roll back; for a savepoint use session.begin_nested()")


class UnitsOfWork:
    """Opens units of work on one database."""

    def __init__(self, engine: AsyncEngine, outbox: Outbox) -> None:
        self._sessions = async_sessionmaker(engine, class_=_Session, expire_on_commit=False)
        self._outbox = outbox
        if not event.contains(engine.sync_engine, "handle_error", _remember_failure):
            event.listen(engine.sync_engine, "handle_error", _remember_failure)

    @asynccontextmanager
    async def open(
        self, cause: Envelope | None = None, *, patience: float | None = None
    ) -> AsyncIterator[UnitOfWork]:
        """Commit if the block ends well, roll back if it raises.

        `cause` is the event being handled; emitted events name it. After `patience` seconds it
        raises DatabaseUnavailable: a connection may be dead and not know it.
        """
        async with answer_within(patience), self._open(cause) as uow:
            yield uow

    @asynccontextmanager
    async def _open(self, cause: Envelope | None) -> AsyncIterator[UnitOfWork]:
        session = self._sessions()
        uow = UnitOfWork(session, self._outbox, cause)
        try:
            yield uow
            await session.run_sync(uow._finish)
        except BaseException:
            # Whoever is cancelled once more does not leave it half-way.
            await asyncio.shield(asyncio.create_task(session.close()))
            raise
        if uow._emitted:
            self._outbox.notify()

"""NOTIFY after a commit, so that the relay need not wait for its next look.

Only ever a hint: it is sent apart from the transaction, at most once in 20 ms, and may be lost.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from ...db import CONNECTION_ERRORS, Database
from ...errors import DatabaseUnavailable
from ...waiting import wait

CHANNEL = "outbox"
INTERVAL = 0.02
"""Seconds between two notifications of one process; NOTIFY takes a lock that all commits share."""
PROBE = 30.0
"""Seconds after which a silent connection is asked whether it still lives."""
ANSWER = 5.0
"""Seconds that its answer may take."""
RECONNECT = 1.0
"""Seconds between tries to connect."""

log = structlog.get_logger()


class OutboxNotifier:
    """Sends notifications on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = asyncio.Event()

    def notify(self) -> None:
        """Ask for a notification; returns at once."""
        self._wanted.set()

    async def run(self) -> None:
        """Send what is asked for, until cancelled."""
        await _on_connections(self._database, self._send)

    async def _send(self, connection: asyncpg.Connection) -> None:
        while not connection.is_closed():
            await self._wanted.wait()
            self._wanted.clear()
            await connection.execute(f"NOTIFY {CHANNEL}", timeout=ANSWER)
            await asyncio.sleep(INTERVAL)


async def listen(database: Database, notified: asyncio.Event) -> None:
    """Set `notified` for every notification, and for every new connection, until cancelled."""

    async def hear(connection: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(CHANNEL, lambda *_: notified.set())
        notified.set()
        await wait(PROBE, lost)
        while not lost.is_set():
            await connection.execute("SELECT 1", timeout=ANSWER)
            await wait(PROBE, lost)

    await _on_connections(database, hear)


async def _on_connections(
    database: Database, work: Callable[[asyncpg.Connection], Awaitable[None]]
) -> None:
    """Work on a connection of its own, and on a new one whenever it is lost; until cancelled."""
    while True:
        try:
            connection = await database.connect()
        except DatabaseUnavailable:
            await asyncio.sleep(RECONNECT)
            continue
        try:
            await work(connection)
        except CONNECTION_ERRORS as error:
            log.debug("notify.connection_lost", error=type(error).__name__)
        finally:
            connection.terminate()

"""The poke: NOTIFY after a commit, so that the relay need not wait for its next look.

Only ever a hint: it is sent apart from the transaction, at most once in 20 ms, and may be lost.
"""

import asyncio

import structlog

from ...db import CONNECTION_ERRORS, Database
from ...errors import DatabaseUnavailable

CHANNEL = "outbox"
INTERVAL = 0.02
"""Seconds between two pokes of one process; NOTIFY takes a lock that all commits share."""
PROBE = 30.0
"""Seconds after which a silent connection is asked whether it still lives."""
ANSWER = 5.0
"""Seconds that its answer may take."""
RECONNECT = 1.0
"""Seconds between tries to connect."""

log = structlog.get_logger()


class Poker:
    """Sends pokes on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = asyncio.Event()

    def poke(self) -> None:
        """Ask for a poke; returns at once."""
        self._wanted.set()

    async def run(self) -> None:
        """Send what is asked for, until cancelled."""
        while True:
            try:
                connection = await self._database.connect()
            except DatabaseUnavailable:
                await asyncio.sleep(RECONNECT)
                continue
            try:
                while not connection.is_closed():
                    await self._wanted.wait()
                    self._wanted.clear()
                    await connection.execute(f"NOTIFY {CHANNEL}", timeout=ANSWER)
                    await asyncio.sleep(INTERVAL)
            except CONNECTION_ERRORS as error:
                log.debug("poke.connection_lost", error=type(error).__name__)
            finally:
                connection.terminate()


async def listen(database: Database, poked: asyncio.Event) -> None:
    """Set `poked` whenever a poke arrives, until cancelled."""
    while True:
        try:
            connection = await database.connect()
        except DatabaseUnavailable:
            await asyncio.sleep(RECONNECT)
            continue
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _, lost=lost: lost.set())
            await connection.add_listener(CHANNEL, lambda *_: poked.set())
            poked.set()
            while not await _set_within(lost, PROBE):
                await connection.execute("SELECT 1", timeout=ANSWER)
        except CONNECTION_ERRORS as error:
            log.debug("poke.connection_lost", error=type(error).__name__)
        finally:
            connection.terminate()


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):  # not wait_for, which may swallow a cancellation
            await event.wait()
    except TimeoutError:
        return False
    return True

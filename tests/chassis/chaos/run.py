"""One run of chaos: servers, processes, clients and disturbances, then peace, then judgement."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic

from orders.chassis.dev import create_database
from orders.chassis.migrate import migrate

from ..service import service
from .disturbances import Disturbances
from .fleet import Fleet
from .invariants import Violation, consumers_left, violations
from .posting import Clients
from .records import Records
from .report import evidence, numbers
from .servers import Servers, own_servers

VISIBILITY = 0.8
"""Seconds: what is retried or recovered comes back after that."""
SETTINGS = {
    "LOG_LEVEL": "DEBUG",
    "CONSUMER_VISIBILITY_TIMEOUT": str(VISIBILITY),
    "CONSUMER_MAX_ATTEMPTS": "10",
    "DRAIN_TIMEOUT": "2",
    "RELAY_BATCH_SIZE": "50",
}
PEACE = 90.0
"""Seconds after which everything must have been handled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, in words, and whether everything held."""

    held: bool
    text: str


class Run:
    """A run, and what it knows in the end."""

    def __init__(self, servers: Servers, database_url: str, folder: Path, seed: int) -> None:
        urls = {"DATABASE_URL": database_url, "REDIS_URL": servers.valkey.url}
        self.records = Records(database_url, servers.valkey.url)
        self.fleet = Fleet(folder, SETTINGS | urls)
        self.clients = Clients(self.fleet, Random(seed), rate=40, visibility=VISIBILITY)
        self.disturbances = Disturbances(
            Random(seed + 1),
            fleet=self.fleet,
            servers=servers,
            records=self.records,
            clients=self.clients,
            visibility=VISIBILITY,
        )
        self.found: list[Violation] = []

    async def go(self, duration: float) -> None:
        """Disturb for so long, wait until all is handled, and judge."""
        await self.records.prepare()
        supervising = asyncio.create_task(self.fleet.run())
        try:
            await self.fleet.ready()
            posting = asyncio.create_task(self.clients.run())
            await self.disturbances.run(duration)
            posting.cancel()
            with suppress(asyncio.CancelledError):
                await posting
            await self._calm_down()
        finally:
            supervising.cancel()
        self.found += await self._judge()

    async def _calm_down(self) -> None:
        deadline = monotonic() + PEACE
        while unacknowledged := await self.records.unacknowledged():
            if monotonic() > deadline:
                self.found.append(Violation(f"after {PEACE:.0f} s: {unacknowledged}"))
                return
            await asyncio.sleep(0.3)

    async def _judge(self) -> list[Violation]:
        await self.records.end_chapter()
        stopped = [member.pid for member in self.fleet.members.values()]
        (code, printed), complaints = await asyncio.gather(
            self.fleet.command("audit"), self.fleet.stop()
        )
        complaints += self.fleet.failed_by_itself()
        if code:
            complaints.append(f"audit: {printed}")
        return [
            *await violations(self.records, self.clients.accepted),
            *await consumers_left(self.records, stopped),
            *map(Violation, complaints),
        ]


async def chaos(duration: float, seed: int, folder: Path, redis_server: Path | None) -> Outcome:
    """Run once on servers of its own."""
    began, told = monotonic(), list[str]()
    with own_servers(redis_server) as servers:
        database_url = await create_database(servers.postgres.url, "chaos")
        await migrate(service, database_url)
        run = Run(servers, database_url, folder, seed)
        try:
            await run.go(duration)
            processes = run.fleet.started
            if run.found:
                told += [*run.disturbances.timeline]
                told.append(await evidence(run.records, processes, run.found))
            told.append(run.clients.summary)
            told.append(await numbers(run.records, processes, run.disturbances.counts))
        finally:
            await run.fleet.kill()
            await run.records.redis.aclose()
    verdict = f"{len(run.found)} INVARIANTS BROKEN" if run.found else "all invariants hold"
    told.append(f"seed {seed}: {verdict}, after {monotonic() - began:.0f} s")
    return Outcome(not run.found, "\n".join(told))

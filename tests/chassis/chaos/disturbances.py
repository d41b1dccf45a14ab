"""What is done to the processes and the servers, at random."""

import asyncio
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from time import monotonic

from redis.exceptions import RedisError

from .fleet import MEMBERS, Fleet
from .garbage import some, unheard_of
from .posting import Clients
from .records import Records
from .servers import Servers


class Disturbances:
    """Does one thing after the other, often before the last one is over."""

    def __init__(
        self,
        random: Random,
        *,
        fleet: Fleet,
        servers: Servers,
        records: Records,
        clients: Clients,
        visibility: float,
    ) -> None:
        self._random = random
        self._fleet = fleet
        self._servers = servers
        self._records = records
        self._clients = clients
        self._visibility = visibility
        self.counts: Counter[str] = Counter()
        self.timeline: list[str] = []

    async def run(self, seconds: float) -> None:
        """Disturb for so long; the next release is rolled out meanwhile. Flushes come early:
        after one all events come again, also those that a consumer had lost."""
        started = monotonic()
        choices: dict[Callable[[], Awaitable[None]], float] = {
            self.kill: 6,
            self.terminate: 3,
            self.freeze: 4,
            self.throw_garbage: 3,
            self.drop_connections: 2,
            self.restart_postgres: 1,
            self.restart_valkey: 1,
            self.flush: 2,
        }
        rollout = seconds * self._random.uniform(0.3, 0.6)
        async with asyncio.TaskGroup() as tasks:
            while (passed := monotonic() - started) < seconds:
                if passed > rollout and not self.counts["roll_out"]:
                    tasks.create_task(self._do(self.roll_out))
                if passed > seconds / 3:
                    choices[self.flush] = 0
                (choice,) = self._random.choices(list(choices), list(choices.values()))
                tasks.create_task(self._do(choice))
                await asyncio.sleep(self._random.uniform(0.3, 1.2))

    async def _do(self, disturbance: Callable[[], Awaitable[None]]) -> None:
        self._note(disturbance.__name__)
        await disturbance()

    def _note(self, what: str, details: str = "") -> None:
        if not details:
            self.counts[what] += 1
        self.timeline.append(f"{datetime.now(UTC):%H:%M:%S.%f} {what} {details}")

    def _anyone(self) -> str:
        (name,) = self._random.choices(MEMBERS, (1, 2, 2, 4, 4, 4))
        return name

    async def kill(self) -> None:
        """End a process as the kernel does when memory runs out."""
        name = self._anyone()
        self._note("kill", name)
        self._fleet.send(name, signal.SIGKILL)

    async def terminate(self) -> None:
        """Tell a process to stop, as every deployment does."""
        name = self._anyone()
        self._note("terminate", name)
        self._fleet.send(name, signal.SIGTERM)

    async def freeze(self) -> None:
        """Stop a process for longer than its entries wait; then it is a zombie."""
        name = self._anyone()
        frozen = self._fleet.members[name]
        seconds = self._visibility * self._random.uniform(1.2, 3.5)
        self._note("freeze", f"{name} for {seconds:.1f} s")
        self._fleet.send(name, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        if self._fleet.members[name] is frozen:
            self._fleet.send(name, signal.SIGCONT)

    async def throw_garbage(self) -> None:
        """Write some entries by hand."""
        with suppress(RedisError):
            for _ in range(self._random.randint(1, 3)):
                await self._records.add(some(self._random))

    async def drop_connections(self) -> None:
        """Cut every connection to Redis."""
        with suppress(RedisError):
            await self._records.redis.execute_command("CLIENT", "KILL", "TYPE", "normal")

    async def restart_postgres(self) -> None:
        """Shut Postgres down, or crash it, and bring it back after a while."""
        await self._servers.restart(self._servers.postgres, self._random)

    async def restart_valkey(self) -> None:
        """The same with Valkey, which reads its append-only file again."""
        await self._servers.restart(self._servers.valkey, self._random)

    async def flush(self) -> None:
        """Lose everything in Redis, after a look at the order of what was in it."""
        for _ in range(50):
            with suppress(RedisError):
                return await self._records.flush()
            await asyncio.sleep(0.1)
        return None

    async def _remind(self, migrated: asyncio.Event) -> None:
        """Keep the consumers asking what newer releases handle: no old answer counts."""
        while not migrated.is_set():
            with suppress(RedisError):
                await self._records.add(unheard_of())
            await asyncio.sleep(0.1)

    async def roll_out(self) -> None:
        """Migrate, then replace one consumer after the other by the next release."""
        migrated = asyncio.Event()  # a cancellation could be lost in the client of Redis
        reminding = asyncio.create_task(self._remind(migrated))
        while (await self._fleet.command("migrate", CHAOS_VERSION="2"))[0]:
            self._note("roll_out", "could not migrate yet")
        self._note("roll_out", "migrated")
        migrated.set()
        await reminding
        self._fleet.settings["CHAOS_VERSION"] = "2"
        self._clients.widened = True
        await asyncio.sleep(2)
        for name in MEMBERS:
            if name.startswith("consumer"):
                await self._fleet.replace(name)
                self._note("roll_out", f"replaced {name}")

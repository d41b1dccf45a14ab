"""The servers under chaos: the suite's own, which it may restart."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from ..servers import make_postgres, make_valkey, running


@dataclass
class Servers:
    """Postgres and Valkey, or another server of its kind; one restart of each at a time."""

    postgres: Any
    valkey: Any
    restarting: set[Any] = field(default_factory=set)

    async def restart(self, server: Any, random: Random) -> None:
        """Shut it down or crash it, and start it again after up to a second and a half."""
        crash, pause = random.random() < 0.5, random.uniform(0, 1.5)
        if server in self.restarting:
            return
        self.restarting.add(server)
        try:
            if crash:
                await asyncio.to_thread(server.end)
                await asyncio.sleep(pause)
            else:
                await asyncio.to_thread(server.end, server.stop_signal)
            await asyncio.to_thread(server.start)
        finally:
            self.restarting.remove(server)


@contextmanager
def own_servers(redis_server: Path | None) -> Iterator[Servers]:
    """Start them for the block."""
    with running(make_postgres()) as postgres, running(make_valkey(binary=redis_server)) as valkey:
        yield Servers(postgres, valkey)

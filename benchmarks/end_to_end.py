"""From the API's 201 to the handler's commit, through outbox, relay, stream and consumer.

The commit is seen as others see it: a trigger on the handler's table notifies the harness, so the
way of that notification is in every figure.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter

import asyncpg

from benchmarks.bench import MIGRATED, Stage
from benchmarks.figures import US, Bar, Figure, Findings
from benchmarks.load import Connection, numbers, percentile

KIND, CONNECTIONS = "end-to-end", 16
PAUSE = 0.05
"""Seconds between two orders of an idle service, on average."""
SHOWN = ((50.0, "p50"), (99.0, "p99"), (99.9, "p99.9"))
TOLD = (
    """CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN PERFORM pg_notify('handled', NEW.customer_id); RETURN NULL; END $$""",
    "CREATE TRIGGER told AFTER INSERT ON customer_totals FOR EACH ROW EXECUTE FUNCTION tell()",
)


class Orders:
    """Orders on their way: sent over a few connections, and awaited until they are handled."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._free: asyncio.Queue[Connection] = asyncio.Queue()
        self._handled: dict[str, asyncio.Future[float]] = {}
        for connection in connections:
            self._free.put_nowait(connection)

    def handled(self, customer: str) -> None:
        """Note that the handler of a customer's order has committed."""
        self._handled[customer].set_result(perf_counter())

    async def order(self) -> float:
        """Create an order and wait until it is handled; the seconds from its 201 until then."""
        customer = f"e-{next(numbers)}"
        handled: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._handled[customer] = handled
        connection = await self._free.get()
        try:
            await connection.post("/orders", customer)
        finally:
            self._free.put_nowait(connection)
        accepted = perf_counter()
        return max(0.0, await handled - accepted)


def measure(stage: Stage) -> Findings:
    """Idle, then at half of what the whole service can do."""
    with stage.servers.copy_of(MIGRATED) as database, stage.servers.broker as client:
        client.flushall()
        stage.servers.sql("run", *TOLD)
        with (
            stage.at_work(stage.role("api"), database) as (api,),
            stage.at_work(stage.role("relay"), database),
            stage.at_work(stage.role("consumer"), database),
        ):
            idle, loaded, rate = asyncio.run(_measure(stage, database, api.listening()))
    figures = [*latencies("idle", idle), *latencies(f"at {rate:,.0f} orders/s", loaded)]
    return Findings(figures, [Bar(figures[0], None, at_most=10)])


async def _measure(
    stage: Stage, database: str, port: int
) -> tuple[Sequence[float], Sequence[float], float]:
    count = stage.scale.latencies
    async with _orders(database, port) as orders:
        await orders.order()  # everything connects
        idle = []
        for _ in range(count):
            await asyncio.sleep(random.uniform(0, 2 * PAUSE))  # noqa: S311 - no cryptography
            idle.append(await orders.order())
        began = perf_counter()
        await asyncio.gather(*(orders.order() for _ in range(count)))
        rate = count / (perf_counter() - began) / 2
        async with asyncio.TaskGroup() as tasks:
            loaded = []
            for _ in range(count):
                await asyncio.sleep(random.expovariate(rate))
                loaded.append(tasks.create_task(orders.order()))
    return idle, [task.result() for task in loaded], rate


@asynccontextmanager
async def _orders(database: str, port: int) -> AsyncIterator[Orders]:
    listening = await asyncpg.connect(database)
    connections = [await Connection.open(port) for _ in range(CONNECTIONS)]
    orders = Orders(connections)
    await listening.add_listener("handled", lambda *told: orders.handled(told[-1]))
    try:
        yield orders
    finally:
        await listening.close()
        for connection in connections:
            connection.close()


def latencies(what: str, seconds: Sequence[float]) -> list[Figure]:
    """Percentiles of so many seconds, in milliseconds."""
    return [
        Figure(KIND, f"{what}, {name}", US, "ms", [1000 * percentile(seconds, percent)])
        for percent, name in SHOWN
    ]

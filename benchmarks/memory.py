"""The memory of each role: at rest, and under load for minutes, where it has to stay flat.

And what the servers keep of the events: bytes for each, and connections.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from statistics import median

from redis import Redis

from benchmarks.bench import MIGRATED, Stage
from benchmarks.figures import US, Bar, Figure, Findings
from benchmarks.load import flood
from benchmarks.processes import Process
from benchmarks.wire import STREAM

KIND, UNIT, CONNECTIONS = "memory", "MiB", 4
SAMPLES, ROUND = 40, 200
"""Measurements under load, and requests between two looks at the clock."""


_SIZES = {
    "outbox_sent": """
        SELECT pg_total_relation_size('outbox_sent')::float8 / greatest(count(*), 1)
        FROM outbox_sent
    """,
    "inbox": "SELECT pg_total_relation_size('inbox')::float8 / greatest(count(*), 1) FROM inbox",
}
_CONNECTIONS = """
    SELECT application_name, count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'orders-%' GROUP BY 1 ORDER BY 1
"""


def measure(stage: Stage) -> Findings:
    """All roles at once, the API flooded and the others following."""
    with stage.servers.copy_of(MIGRATED) as database, stage.servers.broker as client:
        client.flushall()
        with (
            stage.at_work(stage.role("api"), database) as (api,),
            stage.at_work(stage.role("relay"), database) as (relay,),
            stage.at_work(stage.role("consumer"), database) as (consumer,),
        ):
            roles = {"api": api, "relay": relay, "consumer": consumer}
            ports = {name: process.listening() for name, process in roles.items()}
            time.sleep(min(5.0, stage.scale.soak))
            idle = {name: process.resident() for name, process in roles.items()}
            loaded = asyncio.run(_soak(roles, ports["api"], stage.scale.soak))
            kept = _kept(stage, client)
    figures, bars = [], []
    for name in roles:
        early, late = halves(loaded[name])
        first = Figure(KIND, f"{name}, under load at first", US, UNIT, early)
        then = Figure(KIND, f"{name}, under load at last", US, UNIT, late)
        figures += [Figure(KIND, f"{name}, idle", US, UNIT, [idle[name]]), first, then]
        bars.append(Bar(then, first, at_most=1.1))
    return Findings([*figures, *kept], bars)


async def _soak(roles: Mapping[str, Process], port: int, seconds: float) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {name: [] for name in roles}
    began, taken = time.monotonic(), 0
    while taken < SAMPLES:
        await flood(port, "/orders", ROUND, CONNECTIONS)
        due = int((time.monotonic() - began) / seconds * SAMPLES)
        if due > taken:
            taken = due
            for name, process in roles.items():
                samples[name].append(process.resident())
    return samples


def _kept(stage: Stage, client: Redis) -> list[Figure]:
    """Return what an event takes on the servers, and the connections that each role holds."""
    taken = (client.memory_usage(STREAM, samples=0) or 0) / max(1, client.xlen(STREAM))
    figures = [Figure(KIND, "an entry in Redis", US, "bytes", [taken])]
    for table, size in _SIZES.items():
        ((taken,),) = stage.servers.sql("run", size)
        figures.append(Figure(KIND, f"a row of {table}, with its indexes", US, "bytes", [taken]))
    held = stage.servers.sql("run", _CONNECTIONS)
    return figures + [
        Figure(KIND, f"{role}, connections to Postgres", US, "connections", [float(count)])
        for role, count in held
    ]


def halves(samples: Sequence[float]) -> tuple[list[float], list[float]]:
    """Medians of the second and of the last quarter: in the first one caches fill."""
    quarter = max(1, len(samples) // 4)
    return [median(samples[quarter : 2 * quarter] or samples)], [median(samples[-quarter:])]

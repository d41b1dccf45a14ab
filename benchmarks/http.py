"""The API: creating an order with the outbox, without it, and with XADD after the commit."""

import asyncio
from functools import partial

from benchmarks.bench import MIGRATED, Stage
from benchmarks.figures import US, Figure, Findings
from benchmarks.load import Load, flood
from benchmarks.rounds import in_turns
from benchmarks.variants import with_routers

KIND, CONNECTIONS = "http", 16
PATHS = {US: "/orders", "without an event": "/plain", "commit, then XADD": "/usual"}
SHOWN = ((50.0, "p50"), (99.0, "p99"))


def measure(stage: Stage) -> Findings:
    """All three in one process, in turns."""
    variant = with_routers(stage, "plain", "usual")
    with (
        stage.servers.copy_of(MIGRATED) as database,
        stage.at_work(stage.role("api"), database, 1, **variant) as (api,),
    ):
        port = api.listening()
        for path in PATHS.values():
            _load(stage, port, path)  # statements are compiled and connections opened
        loads = in_turns(
            {who: partial(_load, stage, port, path) for who, path in PATHS.items()},
            stage.scale.rounds,
        )
    rates = [
        Figure(KIND, f"POST, {CONNECTIONS} connections", who, "requests/s", [x.rate for x in of])
        for who, of in loads.items()
    ]
    latencies = [
        Figure(KIND, f"POST, {name}", who, "ms", [load.percentile(percent) for load in of])
        for percent, name in SHOWN
        for who, of in loads.items()
    ]
    return Findings([*rates, *latencies])


def _load(stage: Stage, port: int, path: str) -> Load:
    return asyncio.run(flood(port, path, stage.scale.requests, CONNECTIONS))

"""The consumer: from a stream to committed rows, beside FastStream, taskiq-redis and a bare loop.

Every contestant reads its own wire format, writes an inbox row and runs the sample's upsert.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial

from benchmarks.bench import Stage
from benchmarks.consuming import Run, consume, fill
from benchmarks.figures import US, Bar, Figure, Findings, missing
from benchmarks.installed import ROOT
from benchmarks.peers import FASTSTREAM, TASKIQ, Peer
from benchmarks.rounds import in_turns
from benchmarks.variants import batched
from benchmarks.wire import entries, faststream_entries, numbered

KIND, UNIT, BARE = "consumer", "events/s", "a bare loop"
CONCURRENCY, BATCH = 10, 100
ALONE, TOGETHER = "one transaction per event", f"batches of {BATCH}"


def measure(stage: Stage) -> Findings:
    """One transaction per event beside all others; batches; then more of everything."""
    alone = _compared(stage)
    together = _batched(stage)
    return Findings([*alone, *together, *_more(stage)], bars(alone, together))


def bars(alone: Sequence[Figure], together: Sequence[Figure]) -> list[Bar]:
    """Both settings beside FastStream, which has one transaction per event."""
    by_name = {figure.who: figure for figure in alone}
    batches = next(figure for figure in together if figure.who == US)
    theirs = by_name[FASTSTREAM.name]
    return [Bar(by_name[US], theirs, at_least=1), Bar(batches, theirs, at_least=8)]


def _compared(stage: Stage) -> list[Figure]:
    events, slots = stage.scale.events, {"CONSUMER_CONCURRENCY": str(CONCURRENCY)}
    fill(stage, "ours", entries(), events)
    fill(stage, "FastStream", faststream_entries(), events)
    fill(stage, "taskiq", map(_task, numbered()), events)
    runs = {
        US: Run(stage.role("consumer"), events=events, env=slots),
        BARE: Run(stage.contestant(stage.service, "bare_consumer"), events=events, env=slots),
    }
    absent: list[Figure] = []
    for peer, filled, arguments in ((FASTSTREAM, "FastStream", []), (TASKIQ, "taskiq", _TASKIQ)):
        command = _command(stage, peer, arguments)
        if isinstance(command, str):
            absent.append(missing(KIND, ALONE, peer.name, UNIT, command))
        else:
            runs[peer.name] = Run(command, filled, events, env=slots)
    return [*_figures(stage, ALONE, runs), *absent]


def _batched(stage: Stage) -> list[Figure]:
    events, slots = stage.scale.batched_events, {"CONSUMER_CONCURRENCY": str(2 * BATCH)}
    fill(stage, "many", entries(), events)
    runs = {
        US: Run(stage.role("consumer"), "many", events, env={**slots, **batched(stage, BATCH)}),
        BARE: Run(
            stage.contestant(stage.service, "bare_consumer"),
            *("many", events),
            env=slots | {"BATCH": str(BATCH)},
        ),
    }
    return _figures(stage, TOGETHER, runs, unit=f"{UNIT}, together")


def _more(stage: Stage) -> list[Figure]:
    """How the rate grows with slots and processes, and what a long pending list costs."""
    runs = {
        f"{ALONE}, concurrency {slots}": Run(
            stage.role("consumer"),
            events=stage.scale.events,
            env={"CONSUMER_CONCURRENCY": str(slots)},
        )
        for slots in stage.scale.concurrencies
    } | {
        f"{ALONE}, {copies} processes": Run(
            stage.role("consumer"), events=stage.scale.events, copies=copies
        )
        for copies in stage.scale.processes
    }
    if stage.scale.pending:
        fill(stage, "pending", entries(), stage.scale.pending + stage.scale.events)
        runs[f"{ALONE}, {stage.scale.pending:,} pending elsewhere"] = Run(
            stage.role("consumer"), "pending", stage.scale.events, pending=True
        )
    return [figure for what, run in runs.items() for figure in _figures(stage, what, {US: run})]


def _figures(stage: Stage, what: str, runs: Mapping[str, Run], unit: str = UNIT) -> list[Figure]:
    """Return what each run came to; figures of one unit share an axis where they are drawn."""
    measured = in_turns(
        {who: partial(consume, stage, run) for who, run in runs.items()}, stage.scale.rounds
    )
    return [Figure(KIND, what, who, unit, values) for who, values in measured.items()]


_TASKIQ = [
    *("worker", "taskiq_consumer:broker", "--workers", "1", "--log-level", "WARNING"),
    *("--max-async-tasks", str(CONCURRENCY), "--ack-type", "when_executed"),
    *("--app-dir", str(ROOT / "benchmarks/contestants")),
]


def _command(stage: Stage, peer: Peer, arguments: list[str]) -> list[str] | str:
    """How to start a peer, or why it cannot be."""
    found = stage.peer(peer)
    if isinstance(found, str):
        return found
    if arguments:
        return [found.program("taskiq"), *arguments]
    return stage.contestant(found, "faststream_consumer")


def _task(order: Mapping[str, str]) -> Mapping[str, str]:
    """Return an event as a task of taskiq."""
    about = {"task_id": order["event_id"], "task_name": "order_created", "labels": {}, "args": []}
    return {"data": json.dumps(about | {"kwargs": order})}

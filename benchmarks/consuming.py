"""One run of one consumer: a filled stream, its processes, and what they left in the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from redis.exceptions import ResponseError

from benchmarks.bench import MIGRATED, Stage
from benchmarks.processes import watched
from benchmarks.rounds import rate
from benchmarks.wire import STREAM

GROUP = "orders"
EFFECTS = "SELECT (SELECT count(*) FROM inbox), (SELECT sum(orders) FROM customer_totals)"


@dataclass(frozen=True, slots=True)
class Run:
    """One contestant in one setting."""

    command: list[str]
    filled: str = "ours"
    events: int = 0
    copies: int = 1
    pending: bool = False
    env: Mapping[str, str] = field(default_factory=dict)


def consume(stage: Stage, run: Run) -> float:
    """Return how many events a second were acknowledged."""
    with stage.servers.broker as client, stage.servers.copy_of(MIGRATED) as database:
        client.delete(STREAM)
        client.copy(f"filled:{run.filled}", STREAM)
        held = stage.scale.pending if run.pending else 0
        if held:
            client.xgroup_create(STREAM, GROUP, "0")
            client.xreadgroup(GROUP, "lost", {STREAM: ">"}, held)

        def acknowledged() -> int:
            try:
                group = client.xinfo_groups(STREAM)[0]
            except (ResponseError, IndexError):
                return 0
            return int(group["entries-read"] or 0) - int(group["pending"])

        with stage.at_work(run.command, database, run.copies, **run.env) as processes:
            longest = stage.scale.seconds
            found = rate(watched(processes, acknowledged), run.events, longest=longest)
        ((decided, applied),) = stage.servers.sql("run", EFFECTS)
        check(acknowledged(), decided, applied)
    return found


def check(acknowledged: int, decided: int, applied: int) -> None:
    """Raise RuntimeError unless all that was acknowledged has its effect, once."""
    if not acknowledged <= decided == applied:
        raise RuntimeError(f"{acknowledged} acknowledged, {decided} decided, {applied} applied")


def fill(stage: Stage, name: str, fields: Iterator[Mapping[str, str | bytes]], count: int) -> None:
    """Write the events that runs take copies of."""
    with stage.servers.broker as client:
        client.delete(f"filled:{name}")
    stage.servers.fill(f"filled:{name}", fields, count)

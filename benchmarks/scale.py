"""How much is measured: everything, enough for a first idea, or just enough to run at all."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of every benchmark. `seconds` bounds one measurement of one contestant."""

    rounds: int
    seconds: float
    backlogs: Sequence[int]
    relays: Sequence[int]
    events: int
    batched_events: int
    concurrencies: Sequence[int]
    processes: Sequence[int]
    pending: int
    requests: int
    latencies: int
    soak: float
    grown: int
    peers: bool = True


FULL = Scale(
    rounds=3,
    seconds=15,
    backlogs=(10_000, 100_000, 1_000_000),
    relays=(2, 4),
    events=20_000,
    batched_events=100_000,
    concurrencies=(1, 4, 16, 64),
    processes=(2, 4),
    pending=100_000,
    requests=4_000,
    latencies=2_000,
    soak=600,
    grown=5,
)
QUICK = Scale(
    rounds=2,
    seconds=3,
    backlogs=(10_000,),
    relays=(),
    events=4_000,
    batched_events=20_000,
    concurrencies=(),
    processes=(),
    pending=0,
    requests=1_000,
    latencies=200,
    soak=10,
    grown=5,
)
SMOKE = Scale(
    rounds=1,
    seconds=1,
    backlogs=(1_000,),
    relays=(),
    events=300,
    batched_events=300,
    concurrencies=(),
    processes=(),
    pending=0,
    requests=50,
    latencies=10,
    soak=1,
    grown=1,
    peers=False,
)

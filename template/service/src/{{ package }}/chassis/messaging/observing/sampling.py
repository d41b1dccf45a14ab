"""The state of the pipe as metrics: both servers are asked now and then, and never by a scrape.

What cannot be asked has no value, rather than an old one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..cancellation import cancellable
from ..metrics import SAMPLES_FAILED
from ..redis import Broker
from .status import GroupStatus, groups, missing

INTERVAL = 5.0
"""Seconds between two samples."""
ANSWER = 5.0
"""Seconds that one may take."""
MOST = 1_000
"""How far a lag is counted that the server does not know."""

_ROWS = text("""
    SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) AS counted) AS pending,
           (SELECT extract(epoch FROM clock_timestamp() - created_at)
            FROM outbox ORDER BY id LIMIT 1) AS oldest,
           count(*) FILTER (WHERE state = 'open') AS open,
           count(*) FILTER (WHERE state = 'replay') AS replay
    FROM (
        SELECT state FROM dead_letters WHERE state IN ('open', 'replay') LIMIT 100000
    ) AS letters
""")
_GROUPS = {
    "group_lag": ("Events that the group has not read yet", "lag"),
    "group_pending": ("Events that were read, and are not decided yet", "pending"),
    "group_parked": ("Those of them that wait for their next attempt", "parked"),
    "group_oldest_pending_seconds": ("Age of the oldest of them", "oldest_pending_seconds"),
    "group_consumers": ("Consumers in the group", "consumers"),
}

NO_GROUPS: list[GroupStatus] = []

_T = TypeVar("_T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rows:
    """What Postgres knows: events to publish, the age of the oldest in seconds, dead letters."""

    pending: int
    oldest: float
    open: int
    replay: int


class Sampler(Collector):
    """Samples the outbox of one service, every group on the streams that it publishes, and its
    own group on those that it reads."""

    def __init__(
        self,
        engine: AsyncEngine,
        broker: Broker,
        *,
        key_prefix: str,
        group: str,
        publishes: Collection[str],
        reads: Collection[str],
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._key_prefix = key_prefix
        self._group = group
        self._publishes = publishes
        self._reads = reads
        self._streams = sorted({*publishes, *reads})
        for server in ("postgres", "redis"):
            SAMPLES_FAILED.labels(server)  # begins at 0, so that its first increase is seen
        self.rows: Rows | None = None
        self.groups: list[GroupStatus] = []

    async def run(self) -> None:
        """Sample again and again until cancelled; its metrics are served meanwhile."""
        with _registered(self):
            while True:
                await self.sample()
                await asyncio.sleep(INTERVAL)

    async def sample(self) -> None:
        """Ask both servers once; neither waits for the other."""
        self.rows, self.groups = await asyncio.gather(
            _asked("postgres", self._ask_postgres, None),
            _asked("redis", self._ask_redis, NO_GROUPS),
        )

    async def _ask_postgres(self) -> Rows | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(_ROWS)).one()
        return Rows(row.pending, float(row.oldest or 0), row.open, row.replay)

    async def _ask_redis(self) -> list[GroupStatus]:
        found = await groups(self._broker, self._streams, self._key_prefix, MOST)
        found += await missing(self._broker, self._reads, self._key_prefix, self._group, found)
        return [one for one in found if one.stream in self._publishes or one.group == self._group]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics of the last sample."""
        if self.rows:
            about = "Events waiting to be published, counted to 100,000"
            yield GaugeMetricFamily("outbox_pending", about, self.rows.pending)
            about = "Age of the oldest event not yet published"
            yield GaugeMetricFamily("outbox_oldest_age_seconds", about, self.rows.oldest)
            letters = GaugeMetricFamily("dead_letters", "Dead letters by state", labels=["state"])
            letters.add_metric(["open"], self.rows.open)
            letters.add_metric(["replay"], self.rows.replay)
            yield letters
        for name, (about, field) in _GROUPS.items():
            family = GaugeMetricFamily(name, about, labels=["stream", "group"])
            for one in self.groups:
                family.add_metric([one.stream, one.group], getattr(one, field))
            yield family


async def _asked(server: str, question: Callable[[], Awaitable[_T]], unknown: _T) -> _T:
    try:
        with cancellable():
            async with asyncio.timeout(ANSWER):
                return await question()
    except Exception as error:  # noqa: BLE001 (the relay beside it has more important work)
        SAMPLES_FAILED.labels(server).inc()
        log.debug("sampling.failed", server=server, error=type(error).__name__)
        return unknown


@contextmanager
def _registered(collector: Collector) -> Iterator[None]:
    REGISTRY.register(collector)
    try:
        yield
    finally:
        REGISTRY.unregister(collector)

"""The state of messaging as metrics: both servers are asked now and then, never by a scrape.

What cannot be asked has no value, rather than an old one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.ext.asyncio import AsyncEngine

from ...waiting import cancellable
from ..redis import Broker
from .metrics import SAMPLES_FAILED
from .status import Backlog, DeadLetters, GroupStatus, backlog, dead_letters, groups

INTERVAL = 5.0
"""Seconds between two samples."""
ANSWER = 5.0
"""Seconds that one may take."""
MOST = 1_000
"""How far a lag is counted that the server does not know."""

_GROUPS = {
    "group_lag": ("Events that the group has not read yet", "lag"),
    "group_pending": ("Events that were read, and are not decided yet", "pending"),
    "group_parked": ("Those of them that wait for their next attempt", "parked"),
    "group_oldest_pending_seconds": ("Age of the oldest of them", "oldest_pending_seconds"),
    "group_consumers": ("Consumers in the group", "consumers"),
}

_T = TypeVar("_T")
log = structlog.get_logger()


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
        for server in ("postgres", "redis"):
            SAMPLES_FAILED.labels(server)  # begins at 0, so that its first increase is seen
        self.rows: tuple[Backlog, DeadLetters] | None = None
        self.groups: list[GroupStatus] = []

    async def run(self) -> None:
        """Sample again and again until cancelled; its metrics are served meanwhile."""
        with _registered(self):
            while True:
                await self.sample()
                await asyncio.sleep(INTERVAL)

    async def sample(self) -> None:
        """Ask both servers once; neither waits for the other."""
        self.rows, found = await asyncio.gather(
            _answer("postgres", self._ask_postgres), _answer("redis", self._ask_redis)
        )
        self.groups = found or []

    async def _ask_postgres(self) -> tuple[Backlog, DeadLetters]:
        return await backlog(self._engine), await dead_letters(self._engine)

    async def _ask_redis(self) -> list[GroupStatus]:
        broker, prefix = self._broker, self._key_prefix
        found = await groups(broker, self._reads, prefix, expected=self._group, most=MOST)
        found += await groups(broker, {*self._publishes} - {*self._reads}, prefix, most=MOST)
        return [one for one in found if one.stream in self._publishes or one.group == self._group]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The metrics of the last sample."""
        if self.rows:
            unpublished, dead = self.rows
            about = "Events waiting to be published, counted to 100,000"
            yield GaugeMetricFamily("outbox_pending", about, unpublished.pending)
            about = "Age of the oldest event not yet published"
            yield GaugeMetricFamily("outbox_oldest_age_seconds", about, unpublished.oldest_seconds)
            letters = GaugeMetricFamily("dead_letters", "Dead letters by state", labels=["state"])
            letters.add_metric(["open"], dead.open)
            letters.add_metric(["replay"], dead.replay)
            yield letters
        for name, (about, field) in _GROUPS.items():
            family = GaugeMetricFamily(name, about, labels=["stream", "group"])
            for one in self.groups:
                family.add_metric([one.stream, one.group], getattr(one, field))
            yield family


async def _answer(server: str, question: Callable[[], Awaitable[_T]]) -> _T | None:
    """None if the server does not answer."""
    try:
        with cancellable():
            async with asyncio.timeout(ANSWER):
                return await question()
    except Exception as error:  # noqa: BLE001 (the relay beside it has more important work)
        SAMPLES_FAILED.labels(server).inc()
        log.debug("sampling.failed", server=server, error=type(error).__name__)
        return None


@contextmanager
def _registered(collector: Collector) -> Iterator[None]:
    REGISTRY.register(collector)
    try:
        yield
    finally:
        REGISTRY.unregister(collector)

"""The clients: they keep posting, and remember what was answered with 201."""

import asyncio
from random import Random
from uuid import UUID

import httpx

from .fleet import Fleet

POISONED = 6
"""Events that fail for ever, at most: ten different ones in a row would open the breaker."""
EXPLODING = 2
"""Events that kill their process. Each does so several times."""


class Clients:
    """Post wishes for random aggregates, as fast as `rate` per second."""

    def __init__(self, fleet: Fleet, random: Random, rate: float, visibility: float) -> None:
        self._fleet = fleet
        self._random = random
        self._pause = 1 / rate
        self._visibility = visibility
        self._budget = {"poison": POISONED, "exploded": EXPLODING}
        self.accepted: list[UUID] = []
        self.refused = 0
        self.widened = False
        """Whether the release that handles one type more is being rolled out."""

    @property
    def summary(self) -> str:
        """How much was posted."""
        return f"posts: {len(self.accepted)} answered with 201, {self.refused} in vain"

    async def run(self) -> None:
        """Post until cancelled."""
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=10, limits=limits) as client, asyncio.TaskGroup() as t:
            while True:
                t.create_task(self._post(client, self._wish()))
                await asyncio.sleep(self._pause)

    async def _post(self, client: httpx.AsyncClient, wish: dict[str, object]) -> None:
        url = self._fleet.api()
        try:
            answer = await client.post(f"{url}/chaos", json=wish) if url else None
        except httpx.HTTPError:
            answer = None
        if answer is not None and answer.status_code == 201:
            self.accepted.append(UUID(answer.json()))
        else:
            self.refused += 1

    def _wish(self) -> dict[str, object]:
        kinds = {"stirred": 70, "gathered": 20, "exploded": 0.5, "widened": 20 * self.widened}
        wish: dict[str, object] = {
            "kind": self._one_of(kinds),
            "aggregate": f"aggregate-{self._random.randrange(10)}",
            "failures": self._random.randint(1, 2),
        }
        wish["mood"] = self._mood(str(wish["kind"]))
        longest = 0.6 if wish["kind"] == "gathered" else 1.6
        wish["seconds"] = self._visibility * self._random.uniform(0.3, longest)
        return wish

    def _mood(self, kind: str) -> str:
        if kind != "stirred":
            return self._one_of({"well": 90, "slow": 5, "flaky": 5})
        return self._one_of(
            {"well": 70, "slow": 12, "flaky": 14, "stuck": 0.5, "poison": 1, "permanent": 1}
        )

    def _one_of(self, weights: dict[str, float]) -> str:
        (choice,) = self._random.choices(list(weights), list(weights.values()))
        if choice in self._budget:
            self._budget[choice] -= 1
            if self._budget[choice] < 0:
                return next(iter(weights))
        return choice

"""A short run of chaos with every run of the tests; `make chaos` runs a long one."""

import secrets
from pathlib import Path

import pytest

from .run import chaos


@pytest.mark.own_servers
async def test_nothing_is_lost_or_done_twice_whatever_happens(tmp_path: Path) -> None:
    seed = secrets.randbelow(10**6)

    outcome = await chaos(duration=5, seed=seed, folder=tmp_path, redis_server=None)

    assert outcome.held, outcome.text

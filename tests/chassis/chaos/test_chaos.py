"""A short run of chaos: always in CI; longer ones by hand."""

import os
import secrets
from pathlib import Path

import pytest

from .run import chaos


@pytest.mark.own_servers
@pytest.mark.skipif(not os.environ.get("CI"), reason="half a minute: runs in CI, or by hand")
async def test_nothing_is_lost_or_done_twice_whatever_happens(tmp_path: Path) -> None:
    seed = secrets.randbelow(10**6)

    outcome = await chaos(duration=5, seed=seed, folder=tmp_path, redis_server=None)

    assert outcome.held, outcome.text

"""The pipe that the tests look at, and the processes that work on it and are struck."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ..pipe import Pipe
from .victims import Victims


@pytest.fixture
async def victims(
    tmp_path: Path, pipe: Pipe, database_url: str, redis_url: str, key_prefix: str
) -> AsyncIterator[Victims]:
    """Processes on the same database and keys as the pipe."""
    urls = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}
    async with AsyncExitStack() as stack:
        yield Victims(tmp_path, stack, **urls)

"""Processes of the service that are struck at a failpoint, as tests start and wake them."""

import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ..pipe import VISIBILITY, eventually
from ..processes import Process, started

COMMAND = (sys.executable, "-m", "chassis.failpoints")


class Victims:
    """Starts them on one database and one key prefix; whatever is left ends with the test."""

    def __init__(self, folder: Path, stack: AsyncExitStack, **settings: str) -> None:
        self._folder = folder
        self._stack = stack
        self._settings = {"CONSUMER_VISIBILITY_TIMEOUT": str(VISIBILITY), **settings}

    async def start(
        self, failpoint: str, deed: signal.Signals, *command: str, **settings: str
    ) -> Process:
        """Start a command of the service, to be struck when it gets there."""
        armed = started(
            *(failpoint, deed.name, *command),
            cwd=self._folder,
            command=COMMAND,
            **self._settings | settings,
        )
        return await self._stack.enter_async_context(armed)

    async def kill_at(self, failpoint: str, *command: str, **settings: str) -> None:
        """Start a command, and wait until it has been killed there."""
        await killed(await self.start(failpoint, signal.SIGKILL, *command, **settings))

    async def freeze_at(self, failpoint: str, *command: str, **settings: str) -> Process:
        """Start a command, and wait until it stands still there."""
        process = await self.start(failpoint, signal.SIGSTOP, *command, **settings)
        await process.logged("failpoint.hit")

        async def stands_still() -> bool:
            return bool(psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)

        await eventually(stands_still)
        return process


async def killed(process: Process) -> None:
    """Wait until a process has been killed at its failpoint."""
    await process.logged("failpoint.hit")
    assert await process.ended() == -signal.SIGKILL


async def wake(process: Process) -> None:
    """Let a frozen process finish what it has in hand, and stop before it takes up more."""
    process.send(signal.SIGTERM)
    process.send(signal.SIGCONT)
    assert await process.ended() == 0

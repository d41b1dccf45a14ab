"""Real processes of the suite's service, as tests start, watch, stop and kill them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from .pipe import eventually

COMMAND = (sys.executable, "-m", "chassis.service")
PORTS = dict.fromkeys(("API_PORT", "RELAY_PORT", "CONSUMER_PORT"), "0")


def environment(**settings: str) -> dict[str, str]:
    """What a process of the suite's gets: these settings and no others, and free ports."""
    kept = ("PATH", "LANG", "TMPDIR", "PROVED_PACKAGE")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    path = {"PYTHONPATH": str(Path(__file__).parents[1])}
    return inherited | path | PORTS | {"LOG_FORMAT": "json"} | settings


class Process:
    """One running command of the service. Its log is read line by line, as it comes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._reading = asyncio.create_task(self._read())
        self._grown = asyncio.Condition()
        self._silent = False
        self.lines: list[dict[str, Any]] = []
        self.output: list[str] = []

    @classmethod
    async def start(
        cls, *arguments: str, cwd: Path, command: Sequence[str] = COMMAND, **settings: str
    ) -> Self:
        """Start a command with these settings, and no others; nobody types anything."""
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            cwd=cwd,
            env=environment(**settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process)

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            async with self._grown:
                self.output.append(line.decode())
                if line.startswith(b"{"):
                    self.lines.append(json.loads(line))
                self._grown.notify_all()
        async with self._grown:
            self._silent = True
            self._grown.notify_all()

    async def logged(self, event: str, seconds: float = 30, **fields: object) -> dict[str, Any]:
        """The first line that logs `event`; waits for it, as long as the process lives."""

        def found() -> dict[str, Any] | None:
            wanted = {"event": event} | fields
            return next((line for line in self.lines if wanted.items() <= line.items()), None)

        async with asyncio.timeout(seconds), self._grown:
            await self._grown.wait_for(lambda: found() is not None or self._silent)
        line = found()
        assert line, f"it ended without {event}: {''.join(self.output)}"
        return line

    async def address(self) -> str:
        """Where it serves HTTP."""
        return f"http://127.0.0.1:{(await self.logged('http.listening'))['port']}"

    async def ready(self) -> Self:
        """Wait until it says that it is ready."""
        url = f"{await self.address()}/health/ready"
        async with httpx.AsyncClient() as client:

            async def answers() -> bool:
                return (await client.get(url)).status_code == 200

            await eventually(answers)
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None as long as it runs."""
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self, seconds: float = 30) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(seconds):
            code = await self._process.wait()
            await self._reading
        return code

    async def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        if self._process.returncode is None:
            self._process.kill()
        await self.ended()


async def output(cwd: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """The exit code of a command, and all that it printed."""
    async with started(*arguments, cwd=cwd, **settings) as process:
        return await process.ended(), "".join(process.output)


@asynccontextmanager
async def started(
    *arguments: str, cwd: Path, command: Sequence[str] = COMMAND, **settings: str
) -> AsyncIterator[Process]:
    """One command, killed at the end if it still runs."""
    process = await Process.start(*arguments, cwd=cwd, command=command, **settings)
    try:
        yield process
    finally:
        await process.kill()


@asynccontextmanager
async def running(
    *roles: str, cwd: Path, settings: Mapping[str, str]
) -> AsyncIterator[list[Process]]:
    """Roles on free ports, ready; killed at the end if they still run."""
    async with AsyncExitStack() as stack:
        processes = [
            await stack.enter_async_context(started(role, cwd=cwd, **settings)) for role in roles
        ]
        yield [await process.ready() for process in processes]

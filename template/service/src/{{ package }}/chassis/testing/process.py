"""Processes of the service, as tests start, watch and kill them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol


class Process:
    """One running command. Its log is read line by line, as it comes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._reading = asyncio.create_task(self._read())
        self._grown = asyncio.Condition()
        self._silent = False
        self.lines: list[dict[str, Any]] = []
        self.output = ""

    async def logged(self, event: str, seconds: float = 30, **fields: object) -> dict[str, Any]:
        """The first line of its log that tells of `event`; waits for it, as long as it lives."""
        wanted = {"event": event} | fields

        def found() -> list[dict[str, Any]]:
            return [line for line in self.lines if wanted.items() <= line.items()]

        async with asyncio.timeout(seconds), self._grown:
            await self._grown.wait_for(lambda: found() or self._silent)
        assert found(), f"it ended without {wanted}: {self.output}"
        return found()[0]

    async def address(self) -> str:
        """Where it serves HTTP."""
        return f"http://127.0.0.1:{(await self.logged('http.listening'))['port']}"

    async def ended(self, seconds: float = 30) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(seconds):
            code = await self._process.wait()
            await self._reading
        return code

    async def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        await self.stop(signal.SIGKILL)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal, unless it has ended, and wait for its end; its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self.ended()

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            async with self._grown:
                self.output += line.decode()
                if line.startswith(b"{"):
                    self.lines.append(json.loads(line))
                self._grown.notify_all()
        async with self._grown:
            self._silent = True
            self._grown.notify_all()


class StartProcess(Protocol):
    """Starts a command of the service, such as `start("relay", "--port", "0")`, or a Python
    `program` of its own, with these settings beside those of the test and no others."""

    async def __call__(
        self, *arguments: str, program: Path | None = None, **settings: str
    ) -> Process: ...


@asynccontextmanager
async def processes(
    command: Path, folder: Path, environment: Mapping[str, str]
) -> AsyncIterator[StartProcess]:
    """Processes that work in `folder`; those that still run at the end are killed."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    usual = inherited | {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG", **environment}
    async with AsyncExitStack() as stack:

        async def start(*arguments: str, program: Path | None = None, **settings: str) -> Process:
            started = await asyncio.create_subprocess_exec(
                sys.executable,
                program or command,
                *arguments,
                cwd=folder,
                env=usual | settings,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            process = Process(started)
            stack.push_async_callback(process.kill)
            return process

        yield start

"""Processes of the service, as tests start, watch and kill them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


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
        """The first line of its log with this `event`; waits for it, as long as it lives."""
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

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End it, as the kernel does when memory runs out or by another signal; its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(how)
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


@dataclass(slots=True)
class Processes:
    """Starts commands of the service in `folder`, such as `start("relay", "--port", "0")`."""

    command: Path
    folder: Path
    environment: Mapping[str, str]
    started: list[Process] = field(default_factory=list)

    async def start(self, *arguments: str, program: Path | None = None, **settings: str) -> Process:
        """Start a command, or a Python `program` in its place, with these settings beside those
        of the test and no others."""
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        usual = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG", **self.environment}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            program or self.command,
            *arguments,
            cwd=self.folder,
            env=inherited | usual | settings,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.started.append(Process(process))
        return self.started[-1]

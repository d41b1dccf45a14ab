"""The processes under chaos: api, two relays and three consumers; whoever dies is replaced."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..processes import Process, started

COMMAND = (sys.executable, "-m", "chassis.chaos.service")
MEMBERS = ("api", "relay-1", "relay-2", "consumer-1", "consumer-2", "consumer-3")
READY = {"api": "http.listening", "relay": "relay.ready", "consumer": "consumer.ready"}
"""What a role logs when it works."""
PATIENCE = 60
"""Seconds for any start or end, on a machine that has much to do."""
EXPECTED_CODES = (0, -signal.SIGKILL, -signal.SIGTERM)
"""Ended in order, killed, or told to stop before it could listen to signals."""


def role(name: str) -> str:
    """What a member of the fleet does."""
    return name.partition("-")[0]


class Fleet:
    """Keeps one process of each name running, in the release that is current."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.settings = {**settings, "CHAOS_VERSION": "1"}
        self.started: list[tuple[str, Process]] = []
        self.members: dict[str, Process] = {}
        self._folder = folder

    async def run(self) -> None:
        """Replace whoever has ended, until cancelled."""
        while True:
            for name in MEMBERS:
                member = self.members.get(name)
                if member is None or member.code is not None:
                    await self._start(name)
            await asyncio.sleep(0.1)

    async def _start(self, name: str) -> None:
        process = await Process.start(
            role(name), cwd=self._folder, command=COMMAND, **self.settings
        )
        self.members[name] = process
        self.started.append((name, process))

    async def ready(self) -> None:
        """Wait until all of them work for the first time."""
        while len(self.members) < len(MEMBERS):
            await asyncio.sleep(0.01)
        await asyncio.gather(
            *(
                member.logged(READY[role(name)], seconds=PATIENCE)
                for name, member in self.members.items()
            )
        )

    async def command(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Run another command of the service; its exit code and what it printed."""
        changed = {**self.settings, **settings}
        async with started(*arguments, cwd=self._folder, command=COMMAND, **changed) as process:
            return await process.ended(PATIENCE), "".join(process.output)

    def api(self) -> str | None:
        """Where the API is to be found, if it listens."""
        lines = self.members["api"].lines
        ports = (line["port"] for line in lines if line["event"] == "http.listening")
        port = next(ports, None)
        return port and f"http://127.0.0.1:{port}"

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a member a signal, if it lives."""
        with suppress(ProcessLookupError):
            self.members[name].send(number)

    async def replace(self, name: str) -> None:
        """Tell a member to stop and wait for another one in its place."""
        old = self.members[name]
        self.send(name, signal.SIGTERM)
        while self.members[name] is old:
            await asyncio.sleep(0.05)

    async def stop(self) -> list[str]:
        """Stop all of them in order; what went wrong."""
        for name in self.members:
            self.send(name, signal.SIGTERM)
        complaints = []
        for name, member in self.members.items():
            try:
                code = await member.ended(PATIENCE)
            except TimeoutError:
                complaints.append(f"{name} did not stop within {PATIENCE} s")
            else:
                if code not in (0, -signal.SIGTERM):
                    complaints.append(f"{name} ended with {code} when told to stop")
        return complaints

    async def kill(self) -> None:
        """End all that still runs."""
        for _, process in self.started:
            await process.kill()

    def failed_by_itself(self) -> list[str]:
        """Processes that ended though nobody wanted them to, with their last words."""
        return [
            f"{name} ended by itself with {process.code}: {''.join(process.output[-80:])}"
            for name, process in self.started
            if process.code is not None and process.code not in EXPECTED_CODES
        ]

"""The programs that the demo starts, none of which outlives it; the embedded servers first."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from eventsmith.errors import EventsmithError
from eventsmith.uv import environment, uv

START_TIMEOUT, STOP_TIMEOUT = 60.0, 20.0
"""Seconds."""
_LOGGED = {"LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
_HOLDER = Path(__file__).with_name("holder.py")


_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def all_ended() -> Iterator[ExitStack]:
    """Keep a stack of what has to be ended; a second Ctrl-C does not interrupt the ending."""
    with ExitStack() as afterwards, ExitStack() as stack:
        try:
            yield stack
        finally:
            afterwards.enter_context(_answered(signal.SIG_IGN))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put a signal off that would end us: what is being started has to be known before."""
    came: list[int] = []
    try:
        with _answered(lambda number, _: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _answered(answer: signal.Handlers | Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Answer the signals that would end us in another way meanwhile."""
    before = [signal.signal(number, answer) for number in _ENDING]
    try:
        yield
    finally:
        for number, handler in zip(_ENDING, before, strict=True):
            signal.signal(number, handler)


class Program:
    """A program in a session of its own: the terminal's Ctrl-C reaches us, and we end it."""

    def __init__(self, folder: Path, given: Mapping[str, str], log: Path) -> None:
        self.folder = folder
        self.given = given
        self.log = log
        self._process: subprocess.Popen[str] | None = None

    def spawn(self, *command: str, pipe: int | None = None) -> subprocess.Popen[str]:
        """Start `uv run COMMAND`, connected through pipes or writing to the log."""
        with self.log.open("a") as log, _undisturbed():
            self._process = subprocess.Popen(
                [uv(), "run", *command],
                cwd=self.folder,
                env=environment(self.folder) | _LOGGED | {**self.given},
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        return self._process

    def require_alive(self) -> None:
        """Raise EventsmithError with the program's last words if it has ended."""
        if self._process is None or self._process.poll() is not None:
            said = self.log.read_text("utf-8", "replace").splitlines() or ["it said nothing"]
            raise EventsmithError(f"{self.log.stem} has ended: {said[-1][:300]}; see {self.log}")

    def stop(self) -> None:
        """Send SIGTERM and wait; what is left of the program then is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class Servers(Program):
    """The embedded servers of a service, kept running for another one to use as well."""

    def __init__(self, service: Path) -> None:
        super().__init__(service, {}, service.with_name("servers.log"))
        self._pids: list[int] = []

    def start(self, database: str) -> dict[str, str]:
        """Start them and make `database`; return the settings that lead another service there."""
        command = ("python", str(_HOLDER), self.folder.name, database)
        self.spawn(*command, pipe=subprocess.PIPE)
        held: dict[str, Any] = self._answer()
        self._pids = held.pop("pids")
        return held

    def ask(self, database: str, query: str) -> list[list[Any]]:
        """Return the rows that a query finds."""
        self.require_alive()
        if self._process and self._process.stdin:
            self._process.stdin.write(f"{json.dumps([database, query])}\n")
            self._process.stdin.flush()
        rows: list[list[Any]] = self._answer()
        return rows

    def _answer(self) -> Any:  # noqa: ANN401 - it may be anything that JSON is
        process = self._process
        answer = process.stdout.readline() if process and process.stdout else ""
        if process and not answer:
            process.wait()
        self.require_alive()
        return json.loads(answer)

    def stop(self) -> None:
        """Let the holder stop them; should it fail to, end them by their ids."""
        process = self._process
        if process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=START_TIMEOUT)  # closes its stdin
        super().stop()
        if process.returncode:
            for pid in self._pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

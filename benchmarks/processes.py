"""The processes of contestants: started, waited for, and stopped."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

LAST_WORDS = 2_000
PATIENCE = 60.0


@contextmanager
def running(
    command: Sequence[str], copies: int, env: Mapping[str, str], cwd: Path
) -> Iterator[list["Process"]]:
    """So many processes of one command, with these variables added to the harness's own."""
    with ExitStack() as stack:
        yield [stack.enter_context(_running(command, env, cwd)) for _ in range(copies)]


class Process:
    """A running process, whose log goes to a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log
        self._over = False

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def listening(self) -> int:
        """Return the port it serves HTTP on, once it does."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in self._log.read_bytes().splitlines():
                if b'"http.listening"' in line:
                    return _answering(int(json.loads(line)["port"]), deadline)
            self.check()
            time.sleep(0.02)
        raise TimeoutError(f"{self._process.args!r} does not say where it listens")

    def resident(self) -> float:
        """Its memory in MiB."""
        command = ["ps", "-o", "rss=", "-p", str(self.pid)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stdout) / 1024

    def finished(self) -> None:
        """Wait for its end; raises RuntimeError with its last words if it failed."""
        if self._process.wait(60):
            self.check()
        self._over = True

    def check(self) -> None:
        """Raise RuntimeError with its last words if it has ended."""
        if self._process.poll() is not None and not self._over:
            words = self._log.read_text(errors="replace")[-LAST_WORDS:]
            raise RuntimeError(f"{self._process.args!r} ended by itself: {words}")


def watched(processes: Sequence[Process], progress: Callable[[], int]) -> Callable[[], int]:
    """Return `progress`, which raises the last words of the first process that has ended."""

    def look() -> int:
        for process in processes:
            process.check()
        return progress()

    return look


def _answering(port: int, deadline: float) -> int:
    """Return the port, once somebody takes connections there."""
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return port
    raise TimeoutError(f"nobody answers on port {port}")


@contextmanager
def _running(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Iterator[Process]:
    log = cwd / f"log-{os.urandom(4).hex()}.txt"
    with log.open("wb") as output:
        started = _start(command, env, cwd, output)
        process = Process(started, log)
        try:
            yield process
            process.check()
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(10)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
    log.unlink()


def _start(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, output: IO[bytes]
) -> "subprocess.Popen[bytes]":
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        command, env={**kept, **env}, cwd=cwd, stdout=output, stderr=subprocess.STDOUT
    )

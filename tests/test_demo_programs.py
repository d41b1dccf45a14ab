"""The demo's programs: each is known as soon as it runs, so that it can be ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eventsmith.demo import programs
from eventsmith.demo.programs import Program, all_ended


def test_a_program_that_was_just_started_is_ended_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes when the program runs, and before anybody has noted that it does."""
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(*_: Any, **how: Any) -> subprocess.Popen[str]:
        sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
        started.append(popen(sleeping, text=True, start_new_session=how["start_new_session"]))
        os.kill(os.getpid(), signal.SIGTERM)
        return started[0]

    monkeypatch.setattr(programs, "uv", lambda: "uv")
    monkeypatch.setattr(programs, "environment", lambda _: {})
    monkeypatch.setattr(subprocess, "Popen", start)
    program = Program(tmp_path, {}, tmp_path / "log")
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with all_ended() as stack:
        stack.callback(program.stop)
        with pytest.raises(SystemExit):
            program.spawn("anything")
    signal.signal(signal.SIGTERM, before)

    assert [process.poll() for process in started] == [-signal.SIGTERM]

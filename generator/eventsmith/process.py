"""Runs other programs and keeps what they said."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended, and its words."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Tell whether the program succeeded."""
        return self.code == 0

    @property
    def reason(self) -> str:
        """The line that says why the program failed."""
        return telling_line(self.err or self.out) or f"exit code {self.code}"


def telling_line(text: str) -> str:
    """Return the first line of a program's output that names an error, else its last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if line.lower().startswith(("fatal:", "error:"))]
    return (named or lines[-1:] or [""])[0]


def run(command: list[str], folder: Path, **environment: str) -> Outcome:
    """Run `command` in `folder`, in English, with nobody to ask."""
    # LC_ALL: reasons are read by people who search for them, and by this package.
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"LC_ALL": "C"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)

"""The patches: which row of docs/delivery.md each is for, and which test it must make fail.

A patch is a unified diff against `src/orders/chassis` of a rendered service. Above it stand a line
`Row:` with the failure, as the table of docs/delivery.md has it, and a line `Test:` with the id of
a test in tests/chassis/ that the row names.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Mutation:
    """One mechanism, taken out."""

    path: Path
    row: str
    test: str

    @property
    def name(self) -> str:
        """What the command calls it."""
        return self.path.stem

    def apply(self, chassis: Path, *options: str) -> None:
        """Apply the patch, or take it back with `--reverse`; raises ValueError if it does not fit.

        What was compiled before is removed: a change within a second could go unnoticed.
        """
        done = subprocess.run(
            ["git", "apply", *options, self.path],
            cwd=chassis,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ValueError(f"{self.path.name} does not apply: {done.stderr.strip()}")
        for name in re.findall(r"^\+\+\+ b/(\S+)", self.path.read_text("utf-8"), re.MULTILINE):
            shutil.rmtree((chassis / name).parent / "__pycache__", ignore_errors=True)


def read(path: Path) -> Mutation:
    """Read a patch; raises ValueError if a line above it is missing."""
    head = path.read_text("utf-8").partition("\n--- ")[0]
    found = dict(re.findall(r"^(Row|Test): (\S.*)$", head, re.MULTILINE))
    if missing := {"Row", "Test"} - found.keys():
        raise ValueError(f"{path.name} has no line {min(missing)}:")
    return Mutation(path, found["Row"].strip(), found["Test"].strip())


def mutations() -> list[Mutation]:
    """Return all there are."""
    return [read(path) for path in sorted(FOLDER.glob("*.patch"))]

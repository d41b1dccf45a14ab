"""git's plumbing: commands that have to succeed, and whose words are data."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from eventsmith.errors import EventsmithError
from eventsmith.process import telling_line
from eventsmith.template.refs import without_password

# Whoever packed the folder may have set these in its repository: programs for git to run.
UNHOOKED = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git in `folder`, with `environment` on top of the program's own."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what git prints; raises EventsmithError with its reason where it fails."""
        done = self.attempt(*arguments, given=given)
        if done.returncode:
            reason = without_password(telling_line(done.stderr.decode(errors="replace")))
            raise EventsmithError(f"git {arguments[0]} failed in {self.folder}: {reason}")
        return done.stdout

    def attempt(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run git, whatever comes of it."""
        return subprocess.run(
            ["git", *UNHOOKED, *arguments],
            cwd=self.folder,
            env={**os.environ, "LC_ALL": "C", **self.environment},
            input=given,
            capture_output=True,
            check=False,
        )

    def line(self, *arguments: str, given: bytes = b"") -> str:
        """Return the one line that git prints."""
        return os.fsdecode(self(*arguments, given=given)).strip("\n")

    def names(self, *arguments: str) -> list[str]:
        """Return the items that git, told to by `-z`, ends with NUL; names may be no UTF-8."""
        return [os.fsdecode(name) for name in self(*arguments).split(b"\0") if name]

    def path(self, name: str) -> Path:
        """Return where git keeps `name`: its index, say, or a merge that is under way."""
        return self.folder / self.line("rev-parse", "--git-path", name)

    def having(self, **environment: str | Path) -> "Git":
        """Return the same with more in the environment."""
        more = {name: str(value) for name, value in environment.items()}
        return replace(self, environment={**self.environment, **more})


def kept(folder: Path) -> list[str]:
    """Return the files below `folder` that git keeps or would keep; without git, all in sight."""
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if Git(folder).attempt(*listed).returncode == 0:
        return sorted(set(Git(folder).names(*listed)))
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    return [path.as_posix() for path in paths if not path.as_posix().startswith(".venv/")]

"""How the files of a service differ from what the template makes of it."""

import re
from collections.abc import Iterator
from pathlib import Path

from eventsmith.changes import Change, Fate, plan
from eventsmith.ownership import Kind
from eventsmith.plumbing import Git
from eventsmith.snapshot import Snapshot

_MARKERS = re.compile(rb"^<{7} .*?^={7}\r?$.*?^>{7} ", re.MULTILINE | re.DOTALL)


def differing(folder: Path, snapshot: Snapshot) -> list[Change]:
    """Return the template's files that are missing or edited; line ends are no difference."""
    held = {
        path: file.read_bytes()
        for path, file in snapshot.files.items()
        if path not in snapshot.records and snapshot.ownership.kind(path) is Kind.TEMPLATES
    }
    return [change for change in plan(folder, held, {}, ()) if not _same(change)]


def conflicted(folder: Path) -> Iterator[str]:
    """Yield the files, whosever they are, in which the markers of a merge are left."""
    for path in _kept(folder):
        file = folder / path
        content = file.read_bytes() if file.is_file() else b""
        if b"<<<<<<< " in content and _MARKERS.search(content):
            yield path


def _same(change: Change) -> bool:
    current = change.current
    return change.fate is Fate.IDENTICAL or (
        current is not None and current.replace(b"\r\n", b"\n") == change.rendered
    )


def _kept(folder: Path) -> list[str]:
    """Return the files of a service that git keeps or would keep; without git, all in sight."""
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if Git(folder).attempt(*listed).returncode == 0:
        return sorted(set(Git(folder).names(*listed)))
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    return [path.as_posix() for path in paths if not path.as_posix().startswith(".venv/")]

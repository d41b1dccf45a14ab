"""How the files of a service differ from what the template makes of it."""

import re
from collections.abc import Iterator
from pathlib import Path

from eventsmith.changes import Change, Fate, plan
from eventsmith.ownership import Kind
from eventsmith.plumbing import kept
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
    for path in kept(folder):
        file = folder / path
        content = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
        if b"<<<<<<< " in content and _MARKERS.search(content):
            yield path


def _same(change: Change) -> bool:
    current = change.current
    return change.fate is Fate.IDENTICAL or (
        current is not None and current.replace(b"\r\n", b"\n") == change.rendered
    )

"""What a render would change in a service: each file's fate, decided before anything is written."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from pathlib import Path

import yaml

from eventsmith.errors import EventsmithError


class Fate(StrEnum):
    """What becomes of a file."""

    CREATED = "created"
    UPDATED = "updated"
    IDENTICAL = "identical"
    KEPT = "kept"  # edited, and the user's own
    DIFFERS = "differs"  # edited, and no command's business to overwrite


@dataclass(frozen=True, slots=True)
class Change:
    """One file of a render beside the one in the service; `current` is None for a new one."""

    path: str
    fate: Fate
    rendered: bytes
    current: bytes | None

    @property
    def diff(self) -> str:
        """What would have to change in the service's file."""
        before, after = _lines(self.current or b""), _lines(self.rendered)
        name = "/dev/null" if self.current is None else f"a/{self.path}"
        return "".join(unified_diff(before, after, name, f"b/{self.path}"))


def _lines(text: bytes) -> list[str]:
    return text.decode(errors="replace").splitlines(keepends=True)


def read(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder`, by its path from there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def plan(
    folder: Path,
    rendered: Mapping[str, bytes],
    base: Mapping[str, bytes],
    owned: Collection[str],
) -> list[Change]:
    """Decide what becomes of each file.

    `base` is what was rendered when the event was added: a file that still reads so is unedited
    and follows. `owned` are the paths that are the user's own once they exist.
    """
    changes = []
    for path, content in rendered.items():
        file = _inside(folder, path)
        current = file.read_bytes() if file.is_file() else None
        fate = _fate(current, content, base.get(path), owned=path in owned)
        changes.append(Change(path, fate, content, current))
    return changes


def _inside(folder: Path, path: str) -> Path:
    """Return where a file is; raises EventsmithError where a link leads out of the folder."""
    file = folder / path
    with suppress(OSError, RuntimeError):  # a link that leads to itself
        if file.resolve().is_relative_to(folder.resolve()):
            return file
    raise EventsmithError(
        f"{path} is a link, or lies behind one, that leads out of {folder} or nowhere; "
        "put the file itself there"
    )


def _fate(current: bytes | None, content: bytes, base: bytes | None, *, owned: bool) -> Fate:
    if current is None:
        return Fate.CREATED
    if _same(current, content):
        return Fate.IDENTICAL
    if base is not None and _same(current, base):
        return Fate.UPDATED
    return Fate.KEPT if owned else Fate.DIFFERS


def _same(one: bytes, other: bytes) -> bool:
    """Tell whether two files say the same; in answers, where they came from is no matter."""
    return one == other or (b"\n_src_path: " in one and _answers(one) == _answers(other))


def _answers(text: bytes) -> object:
    answers = yaml.safe_load(text)
    if not isinstance(answers, dict):
        return answers
    return {key: value for key, value in answers.items() if not key.startswith("_")}


def write(folder: Path, changes: Iterable[Change]) -> None:
    """Write what is created or updated: all of it, or nothing."""
    done: list[Change] = []
    made: list[Path] = []
    try:
        for change in changes:
            if change.fate in (Fate.CREATED, Fate.UPDATED):
                made += _make_parents(folder / change.path)
                done.append(change)
                (folder / change.path).write_bytes(change.rendered)
    except BaseException:
        _undo(folder, done, made)
        raise


def remove(folder: Path, changes: Sequence[Change]) -> None:
    """Delete the files of these changes, all or none; then the folders that have become empty."""
    try:
        for change in changes:
            (folder / change.path).unlink()
    except BaseException:
        _undo(folder, changes, ())
        raise
    for change in changes:
        for parent in (folder / change.path).relative_to(folder).parents[:-1]:
            with suppress(OSError):
                (folder / parent).rmdir()


def _make_parents(file: Path) -> Sequence[Path]:
    missing = [parent for parent in file.parents if not parent.exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    return missing


def _undo(folder: Path, done: Sequence[Change], made: Sequence[Path]) -> None:
    for change in done:
        file = folder / change.path
        if change.current is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(change.current)
    for parent in made:
        with suppress(OSError):
            parent.rmdir()

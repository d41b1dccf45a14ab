"""Holds a work tree while it is changed: other git commands wait, and a failure leaves no trace."""

import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from eventsmith.errors import EventsmithError
from eventsmith.plumbing import Git


@contextmanager
def locked_index(git: Git) -> Iterator[Path]:
    """Keep other git commands off by git's own lock; yield its file, to be moved to the index."""
    lock = git.path("index.lock")
    try:
        lock.touch(exist_ok=False)
    except FileExistsError:
        raise EventsmithError(
            f"another git command is at work here; wait for it, or remove {lock} if there is none"
        ) from None
    try:
        yield lock
    except BaseException:
        lock.unlink(missing_ok=True)
        raise


@contextmanager
def restored_on_failure(git: Git, paths: Sequence[str], lock: Path) -> Iterator[Path]:
    """Yield a folder for scratch; put the files back if the body fails before the lock is moved."""
    directory = git.line("rev-parse", "--absolute-git-dir")
    with TemporaryDirectory(prefix="eventsmith-", dir=directory) as name:
        scratch = Path(name)
        copies = {git.folder / path: scratch / str(n) for n, path in enumerate(paths)}
        for file, copy in copies.items():
            if file.is_symlink() or file.is_file():
                shutil.copy2(file, copy, follow_symlinks=False)
        missing = {parent for file in copies for parent in file.parents if not parent.exists()}
        try:
            yield scratch
        except BaseException:
            if lock.exists():
                with _deaf():
                    _put_back(copies, missing)
            raise


def _put_back(copies: Mapping[Path, Path], missing: set[Path]) -> None:
    """Remove what was not there, then move the copies; the disk may be full, and moving is free."""
    for file in sorted({*copies, *missing}, reverse=True):  # what is inside a folder comes first
        with suppress(OSError):
            file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    for file, copy in copies.items():
        if os.path.lexists(copy):
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(copy, file)


@contextmanager
def _deaf() -> Iterator[None]:
    """Hear no Ctrl-C meanwhile."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)

"""How long an update takes that brings a renamed, a changed and a new file to five events."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.commands import ROOT, Ratio

ROUNDS = 5
LIMIT = 3.0
EVENTS = ("Packed", "Shipped", "Delivered", "Returned", "Lost")


def measure() -> Ratio:
    """Measure the command against its limit in seconds."""
    with TemporaryDirectory(prefix="eventsmith-bench-") as scratch:
        template, service = Path(scratch, "template"), Path(scratch, "orders")
        _release_first(template)
        _make(service, template)
        _release_next(template)
        times = [_seconds(service) for _ in range(ROUNDS + 1)][1:]
    return Ratio("eventsmith update, 5 events", median(times), "a limit", LIMIT, budget=1.0)


def _release_first(template: Path) -> None:
    shutil.copytree(ROOT / "template", template / "template")
    shutil.copy(ROOT / "copier.yml", template)
    _git(template, "init")
    _release(template, "v1.0.0")


def _make(service: Path, template: Path) -> None:
    quick = ("--defaults", "--no-lock", "--template", str(template))
    _eventsmith(service.parent, "new", service.name, *quick)
    for event in EVENTS:
        _eventsmith(service, "add-event", event, "carrier:str", "--role", "both")
    _commit(service, "Events")


def _release_next(template: Path) -> None:
    messaging = template / "template/service/src/{{ package }}/messaging"
    (messaging / "relay.py").rename(messaging / "publisher.py")
    (messaging / "outbox.py").write_text((messaging / "outbox.py").read_text() + "\n# newer\n")
    (messaging / "added.py").write_text('"""New."""\n')
    _release(template, "v1.1.0")


def _seconds(service: Path) -> float:
    start = time.perf_counter()
    _eventsmith(service, "update")
    seconds = time.perf_counter() - start
    _git(service, "reset", "--hard")
    return seconds


def _release(template: Path, tag: str) -> None:
    _commit(template, tag)
    _git(template, "tag", tag)


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=bench", "-c", "user.email=bench", "commit", "-m", message)


def _eventsmith(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "eventsmith", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

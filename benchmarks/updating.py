"""How long an update takes that brings a renamed, a changed and a new file to five events."""

import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.installed import ROOT, Environment

EVENTS = ("Packed", "Shipped", "Delivered", "Returned", "Lost")


def measure(tool: Environment, folder: Path, rounds: int, events: int) -> list[float]:
    """Return the seconds that it takes, once for each round."""
    template, service = folder / "template", folder / "updated"
    _release_first(template)
    _make(tool, service, template, events)
    _release_next(template)
    return [_seconds(tool, service) for _ in range(rounds)]


def _release_first(template: Path) -> None:
    shutil.copytree(ROOT / "template", template / "template")
    shutil.copy(ROOT / "copier.yml", template)
    _git(template, "init")
    _release(template, "v1.0.0")


def _make(tool: Environment, service: Path, template: Path, events: int) -> None:
    quick = ("--defaults", "--no-lock", "--template", str(template))
    tool.run("eventsmith", "new", service.name, *quick, folder=service.parent)
    for event in EVENTS[:events]:
        tool.run("eventsmith", "add-event", event, "carrier:str", "--role", "both", folder=service)
    _commit(service, "Events")


def _release_next(template: Path) -> None:
    messaging = template / "template/service/src/{{ package }}/chassis/messaging"
    publishing = messaging / "publishing"
    (publishing / "relay.py").rename(publishing / "publisher.py")
    (messaging / "outbox.py").write_text((messaging / "outbox.py").read_text() + "\n# newer\n")
    (messaging / "added.py").write_text('"""New."""\n')
    _release(template, "v1.1.0")


def _seconds(tool: Environment, service: Path) -> float:
    start = time.perf_counter()
    tool.run("eventsmith", "update", folder=service)
    seconds = time.perf_counter() - start
    _git(service, "reset", "--hard")
    return seconds


def _release(template: Path, tag: str) -> None:
    _commit(template, tag)
    _git(template, "tag", tag)


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=bench", "-c", "user.email=bench", "commit", "-m", message)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)

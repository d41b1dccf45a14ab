"""What the template says of its releases: what breaks, what moved, what is left to do."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_FILE = "template/upgrades.yml"
Releases = Mapping[str, Mapping[str, Any]]


def read(folder: Path) -> Releases:
    """Return the releases that a version of the template describes, the oldest first."""
    file = folder / _FILE
    return (yaml.safe_load(file.read_text("utf-8")) or {}) if file.is_file() else {}


def news(target: Releases, bases: Iterable[Releases]) -> dict[str, Mapping[str, Any]]:
    """Return what `target` tells and not every base did: the releases between them."""
    known = list(bases)
    return {
        version: release
        for version, release in target.items()
        if not all(base.get(version) == release for base in known)
    }


def lines(releases: Releases, package: str) -> Iterator[str]:
    """Yield the releases as people read them, with the paths of this service."""
    for version, release in releases.items():
        for text in release.get("breaking", ()):
            yield f"{version} breaks: {text}"
        for old, new in release.get("renamed", {}).items():
            yield _with(package, f"{version} renamed {old} to {new}")
        for path in release.get("removed", ()):
            yield _with(package, f"{version} removed {path}")
        for text in release.get("manual", ()):
            yield _with(package, f"{version} leaves to you: {text}")


def _with(package: str, text: str) -> str:
    return text.replace("<package>", package)

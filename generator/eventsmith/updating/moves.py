"""What the template says about modules and names that have moved, and where they are now."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_FILE = "template/moved.yml"


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no new place; `advice` says what to do instead."""

    advice: str


@dataclass(frozen=True, slots=True)
class Moves:
    """Old places and new ones, as Python names them; for what is gone, what to do instead."""

    moved: Mapping[str, str]
    gone: Mapping[str, str]

    def of_module(self, module: str, present: Collection[str]) -> str | Gone | None:
        """Return the new place of a module; None if it is where it was.

        `present` are the modules that the service has.
        """
        if module in present:
            return None
        told = (place for place in _upwards(module) if self._is_told(place))
        return next((self._told(place, module) for place in told), None)

    def of_name(self, module: str, name: str, present: Collection[str]) -> str | Gone | None:
        """Return the new place of a name in a module, or of a module in a package."""
        place = f"{module}.{name}"
        if place in present:
            return None
        if self._is_told(place):
            return self._told(place, place)
        home = self.of_module(module, present)
        return f"{home}.{name}" if isinstance(home, str) else home

    def _is_told(self, place: str) -> bool:
        return place in self.moved or place in self.gone

    def _told(self, start: str, place: str) -> str | Gone:
        if start in self.gone:
            return Gone(self.gone[start])
        return self.moved[start] + place.removeprefix(start)


def read(folder: Path, package: str) -> Moves:
    """Return what a version of the template tells, in the words of a service."""
    file = folder / _FILE
    text = file.read_text("utf-8").replace("<package>", package) if file.is_file() else ""
    told = yaml.safe_load(text) or {}
    return Moves(told.get("moved") or {}, told.get("gone") or {})


def _upwards(place: str) -> Iterator[str]:
    """Yield a place, then the packages that it lies in."""
    while place:
        yield place
        place = place.rpartition(".")[0]

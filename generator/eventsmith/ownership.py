"""Whose file it is: the user's, shared with the template, or the template's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from pathspec import PathSpec


class Kind(StrEnum):
    """What an update and `check` may do to a file."""

    YOURS = "yours"  # rendered once, never touched again
    SHARED = "shared"  # merged, and meant to be edited
    TEMPLATES = "the template's"  # merged, and held against its render


@dataclass(frozen=True, slots=True)
class Ownership:
    """The lists of copier.yml, as they are for one service and its events."""

    yours: Sequence[PathSpec[Any]]
    shared: Sequence[PathSpec[Any]]

    @classmethod
    def of(cls, renders: Iterable[Mapping[str, Any]]) -> Self:
        """Read the lists among the answers of each render, computed ones included."""
        answers = list(renders)
        return cls(*([_spec(each.get(kind)) for each in answers] for kind in ("yours", "shared")))

    def kind(self, path: str) -> Kind:
        """Return the kind of the file at `path`, relative to the service."""
        if any(spec.match_file(path) for spec in self.yours):
            return Kind.YOURS
        if any(spec.match_file(path) for spec in self.shared):
            return Kind.SHARED
        return Kind.TEMPLATES


def _spec(patterns: object) -> PathSpec[Any]:
    lines = patterns if isinstance(patterns, list) else []  # a template older than the lists
    return PathSpec.from_lines("gitignore", lines)

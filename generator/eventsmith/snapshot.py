"""A service and its events as the template makes them, at the versions wanted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eventsmith.ownership import Ownership
from eventsmith.service import Part
from eventsmith.template.rendering import Answers, questions, render_version
from eventsmith.template.versions import Version


@dataclass(frozen=True, slots=True)
class Render:
    """One part: every answer, computed ones included, and its files by their paths."""

    file: str
    answers: Mapping[str, Any]
    files: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The parts of a service, each with its files."""

    renders: Sequence[Render]
    ownership: Ownership = field(init=False)

    def __post_init__(self) -> None:
        owners = Ownership.of(render.answers for render in self.renders)
        object.__setattr__(self, "ownership", owners)

    @property
    def files(self) -> dict[str, Path]:
        """Every file by its path below the service."""
        return {path: file for render in self.renders for path, file in render.files.items()}

    @property
    def records(self) -> set[str]:
        """The files that keep answers."""
        return {render.file for render in self.renders}


def take(
    wanted: Iterable[tuple[Part, Version]], folder: Path, given: Mapping[str, str] | None = None
) -> Snapshot:
    """Render each part at its version into `folder`; `given` are new answers for the first."""
    renders = []
    for number, (part, version) in enumerate(wanted):
        known = questions(version)
        recorded = {key: value for key, value in part.answers.items() if key in known}
        anew = given if given and number == 0 else {}
        answers = Answers({**recorded, **anew}, file=part.file)
        place = folder / str(number)
        every = render_version(version, place, answers)
        renders.append(Render(part.file, every, _files(place)))
    return Snapshot(renders)


def _files(folder: Path) -> dict[str, Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}

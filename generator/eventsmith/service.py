"""A service as it stands in its folder: its answers, and those of its events."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from eventsmith.errors import EventsmithError

ANSWERS = ".copier-answers.yml"
EVENT_ANSWERS = ".copier-answers.d"
NAMES = {
    *("project_slug", "package", "event", "event_class", "event_module", "event_publisher"),
    *("event_role", "event_stream", "event_type", "event_version"),
}
_OF_A_SERVICE = ("project_slug", "package")
_OF_AN_EVENT = (
    *("event", "event_fields", "event_module", "event_publisher", "event_role", "event_stream"),
    *("event_type", "event_version"),
)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)


class UnreadableAnswersError(EventsmithError):
    """What Copier recorded in `file` cannot be read."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file} {problem}")
        self.file = file


@dataclass(frozen=True, slots=True)
class Part:
    """What is rendered and recorded by itself; `file` keeps the answers, below the service."""

    file: str
    answers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event(Part):
    """One event of a service."""

    @property
    def type(self) -> str:
        """Its identity, such as `orders.OrderCreated.v1`."""
        return str(self.answers["event_type"])

    @property
    def module(self) -> str:
        """The name of its module in `events/`, and of its handler's."""
        return str(self.answers["event_module"])

    @property
    def is_the_examples(self) -> bool:
        """Tell whether it came with the service, which keeps its answers."""
        return self.file == ANSWERS


@dataclass(frozen=True, slots=True)
class Service:
    """A generated service and its events, the example's first."""

    folder: Path
    answers: Mapping[str, Any]
    events: Sequence[Event]

    @property
    def slug(self) -> str:
        """The name other services know it by."""
        return str(self.answers["project_slug"])

    @property
    def parts(self) -> Sequence[Part]:
        """The service itself, then the events that were added to it."""
        added = [event for event in self.events if not event.is_the_examples]
        return [Part(ANSWERS, self.answers), *added]

    def event(self, event_type: str) -> Event | None:
        """Return the event of that type, if the service has it."""
        return next((event for event in self.events if event.type == event_type), None)


def find(start: Path) -> Service:
    """Return the service that `start` lies in; raises EventsmithError."""
    folder = start.resolve()
    if not folder.is_dir():
        raise EventsmithError(f"{start} is no folder; name the one of a service")
    for candidate in (folder, *folder.parents):
        if (candidate / ANSWERS).is_file():
            return _read(candidate)
    raise EventsmithError(
        f"{start} is no service and lies in none: {ANSWERS} is missing; name a service's folder"
    )


def _read(folder: Path) -> Service:
    answers = read_answers(folder, ANSWERS)
    if answers.get("kind") != "service" or "project_slug" not in answers:
        raise EventsmithError(f"{folder} is a project of another template; name a service's folder")
    _refuse_odd(folder / ANSWERS, answers, _OF_A_SERVICE)
    names = sorted(path.name for path in (folder / EVENT_ANSWERS).glob("*.yml"))
    files = [f"{EVENT_ANSWERS}/{name}" for name in names]
    events = [Event(file, _event_answers(folder, file)) for file in files]
    example = [Event(ANSWERS, answers)] if "event_type" in answers else []
    return Service(folder, answers, example + events)


def _event_answers(folder: Path, file: str) -> Mapping[str, Any]:
    answers = read_answers(folder, file)
    if answers.get("kind") != "event" or "event_type" not in answers:
        raise UnreadableAnswersError(folder / file, "keeps no event; restore it or remove it")
    _refuse_odd(folder / file, answers, _OF_AN_EVENT)
    return answers


def _refuse_odd(file: Path, answers: Mapping[str, Any], needed: Sequence[str]) -> None:
    """Refuse names that nobody could have chosen: they become paths, commands and output."""
    for key in NAMES & answers.keys():
        if not _NAME.fullmatch(str(answers[key])):
            said = ascii(answers[key])[:80]
            raise UnreadableAnswersError(file, f"has {said} for {key}, which is no name")
    if lost := [key for key in needed if key not in answers]:
        raise UnreadableAnswersError(file, f"has lost {lost[0]}; restore it from git")


def read_answers(folder: Path, file: str) -> Mapping[str, Any]:
    """Return what Copier recorded in `file`; raises UnreadableAnswersError where it cannot."""
    path, restore = folder / file, f"restore it with: git checkout -- {file}"
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UnreadableAnswersError(path, f"is no text; {restore}") from None
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in text.splitlines()):
        raise UnreadableAnswersError(path, "has conflict markers; keep one side, then try again")
    try:
        answers = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):  # such as a 30th of February
        answers = None
    if not isinstance(answers, dict):
        raise UnreadableAnswersError(path, f"is not what Copier wrote; {restore}")
    return answers

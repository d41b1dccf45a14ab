"""The snapshot of a contract that another service exported: read, and not trusted."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from eventsmith.errors import EventsmithError
from eventsmith.schema.model import Json

LARGEST = 1024 * 1024  # bytes; a contract of a thousand fields has a tenth of that
DEEPEST = 64  # objects and lists within each other
_TYPE = re.compile(
    r"(?P<publisher>[a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.(?P<name>[A-Z][A-Za-z0-9]*)\.v(?P<version>[1-9][0-9]{0,5})"
)
STREAM = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class EventType:
    """What an event is called on the wire, such as orders.OrderCreated.v1."""

    publisher: str
    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.publisher}.{self.name}.v{self.version}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the type that `text` names, if it does."""
        match = _TYPE.fullmatch(text)
        return cls(match["publisher"], match["name"], int(match["version"])) if match else None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The contract of one version of an event, as its publisher exported it."""

    path: Path
    event: EventType
    stream: str
    schema: Mapping[str, Json]


def read(path: Path) -> Snapshot:
    """Return the contract in a file, if it says what it is and the file's name agrees."""
    schema = _document(path)
    about = schema.get("x-eventsmith")
    about = about if isinstance(about, dict) else {}
    event = EventType.parse(_text(about, "type"))
    if event is None or about.get("version") != event.version:
        _refuse(path, "does not say under x-eventsmith which event it is; export it anew")
    stream = _text(about, "stream")
    if not STREAM.fullmatch(stream):
        _refuse(path, "names no stream under x-eventsmith, or an impossible one; export it anew")
    if EventType.parse(path.stem) not in {None, event}:
        _refuse(path, f"holds the contract of {event}; give it that name, or export it anew")
    return Snapshot(path, event, stream, schema)


def _text(about: Mapping[str, Json], key: str) -> str:
    value = about.get(key)
    return value if isinstance(value, str) else ""


def _document(path: Path) -> dict[str, Json]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            _refuse(path, "is larger than 1 MiB, the limit for a contract")
        document = json.loads(
            content.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_number
        )
        _check(document)
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")
    except RecursionError:
        _refuse(path, f"is nested more than {DEEPEST} levels deep")
    except ValueError as error:
        _refuse(path, f"is no JSON that a contract can be: {error}")
    if not isinstance(document, dict):
        _refuse(path, "holds no JSON object")
    return document


def _without_doubles(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    unique: dict[str, Json] = {}
    for key, value in pairs:
        if key in unique:
            raise ValueError(f"the key {key[:40]!a} stands in it twice")
        unique[key] = value
    return unique


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _check(document: Json) -> None:
    """Refuse what JSON allows and Python or Postgres does not take."""
    level = [document]
    for _ in range(DEEPEST):
        for value in level:
            if isinstance(value, float) and not math.isfinite(value):
                _no_number("a number beyond every limit")
            if isinstance(value, str):
                value.encode()  # half a surrogate pair
        level = [inner for value in level for inner in _inside(value)]
    if level:
        raise RecursionError


def _inside(value: Json) -> Iterator[Json]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _refuse(path: Path, why: str) -> NoReturn:
    raise EventsmithError(f"{path} {why}")

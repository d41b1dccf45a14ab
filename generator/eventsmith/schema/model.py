"""What a contract says, as a tree: classes, their fields, and the types of those."""

from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any
Limits: TypeAlias = tuple[tuple[str, Json], ...]
"""What bounds a value: Pydantic's names of it, such as `ge` or `min_length`, and how."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A type by its name in Python or Pydantic; `format` is one that neither has a type for."""

    type: str
    limits: Limits = ()
    format: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of some strings, whole numbers, booleans or null; 1 and true are not the same."""

    values: tuple[Json, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Choice) and repr(self.values) == repr(other.values)

    def __hash__(self) -> int:
        return hash(repr(self.values))


@dataclass(frozen=True, slots=True)
class Items:
    """A list or, if what it holds is unique, a set."""

    item: "Node"
    unique: bool
    limits: Limits


@dataclass(frozen=True, slots=True)
class Row:
    """A tuple: each place has a type of its own."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A dict; `keys` says what they are, unless any string will do."""

    keys: "Node | None"
    values: "Node"
    limits: Limits


@dataclass(frozen=True, slots=True)
class Discriminator:
    """The field that tells classes apart, in JSON and in Python, and which value means which."""

    key: str
    name: str
    classes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types."""

    options: tuple["Node", ...]
    discriminator: Discriminator | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Enumeration:
    """A class of values with names, both in the same order."""

    name: str
    base: str
    names: tuple[str, ...]
    values: tuple[Json, ...]
    description: str | None


@dataclass(frozen=True, slots=True)
class Default:
    """What a field is when it is absent, and where the schema says so."""

    value: Json
    where: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its name in JSON (`key`) and in Python (`name`)."""

    key: str
    name: str
    type: "Node"
    required: bool
    default: Default | None


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A class with fields; `extra` says that there may be others, or that there are none."""

    name: str
    fields: tuple[Field, ...]
    extra: bool | None
    description: str | None
    hashable: bool


Class: TypeAlias = Enumeration | Model
Node: TypeAlias = Plain | Choice | Items | Row | Table | Union | Class
NULL = Plain("None")


def hashable(node: Node, *, in_class: bool = False) -> bool:
    """Tell whether a set can hold it; lists are tuples there, except in classes."""
    match node:
        case Items(item=item):
            return not in_class and hashable(item)
        case Row(inner) | Union(inner):
            return all(hashable(one, in_class=in_class) for one in inner)
        case Model():
            return node.hashable
    return not isinstance(node, Table)


class RefusedError(Exception):
    """A schema that cannot be a contract in Python: where in it, and why."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where or 'the event'}: {why}")

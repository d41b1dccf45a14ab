"""Events that some service may publish: classes of every shape, made up by hypothesis."""

import typing
from collections.abc import Mapping
from datetime import UTC, date, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from ipaddress import IPv4Address, IPv6Network
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pydantic
from hypothesis import strategies as st
from pydantic import UUID7, AwareDatetime, Base64Bytes, BaseModel, Discriminator, JsonValue

from eventing import DomainEvent

Values = st.SearchStrategy[Any]
Typed = tuple[Any, Values]
"""A type, and what a default of that type can be."""

# Types are values here, which a type checker does not follow.
Annotated: Any = typing.Annotated
Literal: Any = typing.Literal
Union: Any = typing.Union
Dict: Any = dict
List: Any = list
Set: Any = set
Tuple: Any = tuple
create_model: Any = pydantic.create_model
Field: Any = pydantic.Field

_numbers = count()
_words = st.text(min_size=1, max_size=20)
# What is easily got wrong: names of Python's and of Pydantic's, and names that look alike.
_KEYS = [
    *("class", "class_", "Class", "customerId", "customer_id", "customer-id", "copy", "json"),
    *("model_config", "model_dump", "model_name", "schema", "date", "time", "list", "Decimal"),
    *("data", "of", "event", "event_type", "self", "l", "_private", "__class__", "3d", "größe"),
    *("token", "password", "", "a b", "x" * 80, "mro", "register", "None", "Field", "id"),
]
_TEXTS = ['"""', "\\", "'", '"', ".".join("0000"), "/" + "tmp/x", "x" * 120, "a b " * 40]
_PATTERNS = ["^a+$", r"^\d{5}$", r"\p{L}", "\"'", r"^[^\s\"]*$", "x y " * 40]
_CLASSES = ["OrderCreated", "Line", "line_item", "Decimal", "List", "Ünï"]
_NOTHING: Values = st.nothing()

keys = (_words | st.sampled_from(_KEYS)).filter(lambda key: key not in DomainEvent.model_fields)
texts = _words | st.sampled_from(_TEXTS)
floats = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.decimals(-(10**9), 10**9, places=3)  # bounds are written as binary fractions
scalars = st.one_of(texts, st.integers(-9, 99), st.booleans(), st.none())


def bounded(kind: Any, values: Values) -> st.SearchStrategy[Typed]:
    """Return numbers within bounds."""
    limits = st.dictionaries(st.sampled_from(["ge", "gt", "le", "lt"]), values, max_size=2)
    return limits.map(lambda found: (_limited(kind, found), values))


def sized(kind: Any) -> Values:
    """Return `kind` with a length that is limited, or not."""
    names = st.sampled_from(["min_length", "max_length"])
    limits = st.dictionaries(names, st.integers(0, 5), max_size=2)
    return limits.map(lambda found: _limited(kind, found))


def _limited(kind: Any, limits: Mapping[str, Any]) -> Any:
    return Annotated[kind, Field(**limits)] if limits else kind


def _distinct(values: Values) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=4, unique_by=lambda value: (type(value), value))


def _enumeration(values: list[Any]) -> Typed:
    bases = {type(value) for value in values}
    base: Any = {str: StrEnum, int: IntEnum}.get(bases.pop(), Enum) if len(bases) == 1 else Enum
    kind = base(f"Kind{next(_numbers)}", {f"M{n}": value for n, value in enumerate(values)})
    return kind, st.sampled_from(list(kind))


leaves: st.SearchStrategy[Typed] = st.one_of(
    st.sampled_from(
        [
            (bool, st.booleans()),
            (UUID, st.uuids()),
            (UUID7, _NOTHING),
            (AwareDatetime, st.datetimes(timezones=st.just(UTC))),
            (date, st.dates()),
            (time, st.times()),
            (timedelta, st.timedeltas()),
            (bytes, st.binary().map(lambda raw: raw.hex().encode())),
            (Base64Bytes, _NOTHING),
            (IPv4Address, st.ip_addresses(v=4)),
            (IPv6Network, _NOTHING),
            (Path, _NOTHING),
            (JsonValue, st.recursive(scalars | floats, lambda inner: st.lists(inner, max_size=3))),
            (Any, scalars),
            (None, st.none()),
            (Annotated[str, Field(json_schema_extra={"format": "email"})], texts),
        ]
    ),
    bounded(int, st.integers()),
    bounded(float, floats),
    bounded(Decimal, decimals),
    sized(str).map(lambda kind: (kind, texts)),
    st.sampled_from(_PATTERNS).map(lambda found: (_limited(str, {"pattern": found}), texts)),
    _distinct(scalars).map(lambda values: (Literal[tuple(values)], st.sampled_from(values))),
    _distinct(texts).map(_enumeration),
    _distinct(st.integers(-9, 99)).map(_enumeration),
    _distinct(floats.filter(lambda value: value % 1 > 0) | texts).map(_enumeration),
)


def containers(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    """Return types that hold others."""
    several = st.lists(inner, max_size=3)
    hashable = [str, int, Decimal, UUID, date, Tuple[int, ...], Tuple[str, int]]
    return st.one_of(
        inner.flatmap(_list_of),
        inner.flatmap(_table_of),
        several.map(_tuple_of),
        several.filter(lambda found: len(found) > 1).map(_union_of),
        inner.map(lambda one: (one[0] | Union[None], one[1] | st.none())),
        st.sampled_from(hashable).flatmap(lambda kind: sized(Set[kind])).map(_without_default),
        models(inner).map(_without_default),
        st.lists(_words, min_size=2, max_size=3, unique=True).map(_tagged),
    )


def _without_default(kind: Any) -> Typed:
    return kind, _NOTHING


def _at_most(size: int, values: Values) -> st.SearchStrategy[list[Any]]:
    return st.just([]) if values.is_empty else st.lists(values, max_size=size)


def _list_of(inner: Typed) -> st.SearchStrategy[Typed]:
    return sized(List[inner[0]]).map(lambda kind: (kind, _at_most(3, inner[1])))


def _table_of(inner: Typed) -> st.SearchStrategy[Typed]:
    values = _at_most(1, inner[1]).map(lambda found: dict(zip("a", found, strict=False)))
    plain = sized(Dict[str, inner[0]]).map(lambda kind: (kind, values))
    known = [
        *(int, UUID, Literal["a", "b"], Annotated[str, Field(pattern="^a")]),
        Annotated[str, Field(max_length=3)],
    ]
    others = st.sampled_from(known).flatmap(lambda key: sized(Dict[key, inner[0]]))
    return plain | others.map(_without_default)


def _tuple_of(inner: list[Typed]) -> Typed:
    kinds = tuple(kind for kind, _ in inner)
    return Tuple[kinds or ()], st.tuples(*(values for _, values in inner))


def _union_of(inner: list[Typed]) -> Typed:
    return Union[tuple(kind for kind, _ in inner)], st.one_of([values for _, values in inner])


def _tagged(tags: list[str]) -> Typed:
    """Return classes that one field tells apart."""
    classes = [
        create_model(f"Tagged{next(_numbers)}", kind=(Literal[tag], Field(alias="class")), n=int)
        for tag in tags
    ]
    return Annotated[Union[tuple(classes)], Discriminator("kind")], _NOTHING


@st.composite
def models(
    draw: st.DrawFn, types: st.SearchStrategy[Typed], base: type[BaseModel] | None = None
) -> type[BaseModel]:
    """Return a class with fields of these types."""
    fields = {}
    for number, key in enumerate(draw(st.lists(keys, max_size=5, unique=True))):
        kind, values = draw(types)
        remarks: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
            [{}, {"description": "x"}, {"deprecated": True}]
        )
        options: dict[str, Any] = {"alias": key, **draw(remarks)}
        match draw(st.sampled_from(["required", "default", "null", "factory"])):
            case "default" if not values.is_empty:
                options["default"] = draw(values)
            case "null":
                kind, options["default"] = Union[kind, None], None
            case "factory":
                options["default_factory"] = list
        fields[f"field_{number}"] = (kind, Field(**options))
    extra = draw(st.sampled_from([{}, {}, {"extra": "allow"}, {"extra": "forbid"}]))
    name = draw(st.sampled_from(_CLASSES))
    made: type[BaseModel] = create_model(name, __base__=base, __cls_kwargs__=extra, **fields)
    return made


events = models(st.recursive(leaves, containers, max_leaves=6), base=DomainEvent)

"""Defaults: whether a value is of its type, and how Python writes it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from eventsmith.schema.expressions import Bracketed, Expression, Labelled, Text
from eventsmith.schema.literals import literal, quoted
from eventsmith.schema.model import (
    Choice,
    Default,
    Enumeration,
    Items,
    Json,
    Model,
    Node,
    Plain,
    RefusedError,
    Row,
    Table,
    Union,
)
from eventsmith.schema.scalars import shown
from eventsmith.schema.vocabulary import PYTHON, TYPES

_MOST = 1_000  # values in a default
_JSON = {TYPES[kind]: types for kind, types in PYTHON.items()}


class _MisfitError(Exception):
    """A value that its type does not have."""


def expression(node: Node, default: Default) -> tuple[Expression, bool]:
    """Return a default, and whether it is of its type: what is not, Pydantic is to read as JSON."""
    if _size(default.value) > _MOST:
        raise RefusedError(default.where, f"its default holds more than {_MOST:,} values")
    try:
        written = _written(node, default.value)
    except _MisfitError:
        why = f"its default {shown(default.value)} is not of its type"
        raise RefusedError(default.where, why) from None
    return (literal(default.value), False) if written is None else (written, True)


def _written(node: Node, value: Json) -> Expression | None:
    """Return what is of the type itself; nothing where the form in JSON has to do."""
    match node:
        case Plain(kind):
            return _scalar(kind, value)
        case Choice(values):
            return literal(values[_place(value, values)])
        case Enumeration(name, _, names, values):
            return Text(f"{name}.{names[_place(value, values)]}")
        case Union(options):
            return _first_fitting(options, value)
    return _composed(node, value)


def _composed(node: Items | Row | Table | Model, value: Json) -> Expression | None:
    match node, value:
        case Items(item, unique), list():
            inner = [_written(item, one) for one in value]
            return None if unique else _display("[", inner, "]")
        case Table(keys, values), dict():
            written = [(quoted(key), _written(values, one)) for key, one in value.items()]
            inner = [one and Labelled(f"{key}: ", one) for key, one in written]
            return None if keys else _display("{", inner, "}")
        case Row(items), list() if len(items) == len(value):
            for item, one in zip(items, value, strict=True):
                _written(item, one)
            return None
        case Model(fields=fields), dict():
            if all(field.key in value for field in fields if field.required):
                return None
    raise _MisfitError


def _display(opening: str, inner: Sequence[Expression | None], closing: str) -> Expression | None:
    written = [one for one in inner if one is not None]
    return Bracketed(opening, tuple(written), closing) if len(written) == len(inner) else None


def _first_fitting(options: Sequence[Node], value: Json) -> Expression | None:
    for option in options:
        try:
            written = _written(option, value)
        except _MisfitError:
            continue
        # Which of its types a list is, a type checker does not find out.
        return None if isinstance(value, (dict, list)) else written
    raise _MisfitError


def _place(value: Json, values: Sequence[Json]) -> int:
    for place, one in enumerate(values):
        if type(one) is type(value) and one == value:
            return place
    raise _MisfitError


def _scalar(kind: str, value: Json) -> Expression | None:
    if kind in {"Any", "JsonValue"}:
        return None if isinstance(value, (dict, list)) else literal(value)
    if type(value) in _JSON.get(kind, ()):
        return literal(value)
    if kind in _JSON or not isinstance(value, str):
        raise _MisfitError
    try:
        if kind == "Decimal":
            return _decimal(value)
        _READERS.get(kind, str)(value)
    except (ArithmeticError, ValueError):
        raise _MisfitError from None
    return None


def _decimal(text: str) -> Expression | None:
    number = Decimal(text)
    if not number.is_finite():
        raise _MisfitError
    if str(number) != text or text == "-0":
        return None
    whole = text.lstrip("-").isdigit()
    return Bracketed("Decimal(", (Text(text if whole else quoted(text)),), ")")


def _moment(text: str) -> None:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError


_READERS: Mapping[str, Callable[[str], object]] = {
    "AwareDatetime": _moment,
    "UUID": UUID,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def _size(value: Json) -> int:
    """Return how many values there are in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(_size, value), 1) if isinstance(value, list) else 1

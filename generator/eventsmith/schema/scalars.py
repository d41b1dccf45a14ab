"""Types that hold no other: what they are in Python, and what bounds them."""

import re
from collections.abc import Container, Mapping
from typing import NoReturn

from eventsmith.schema.model import Choice, Json, Limits, Plain, RefusedError
from eventsmith.schema.vocabulary import BOUNDS, LIMITS, PYTHON, STRINGS, TYPES

_LONGEST = 2**31
_SHOWN = 60  # characters
# What says nothing about which values are allowed.
_REMARKS = {
    *("title", "description", "examples", "default", "deprecated", "readOnly", "writeOnly"),
    *("$comment", "contentEncoding", "contentMediaType"),
}


def only(schema: Mapping[str, Json], known: Container[str], where: str) -> None:
    """Refuse keywords that might say something about values, and are not understood."""
    for keyword in schema:
        if keyword not in known and keyword not in _REMARKS and not keyword.startswith("x-"):
            raise RefusedError(where, f"there is no telling what {shown(keyword)} asks for")


def shown(value: object) -> str:
    """Return anything at all so that it fits into a line."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def segment(key: str) -> str:
    """Return a key as a part of a path."""
    return key if re.fullmatch(r"[\w.-]{1,60}", key, re.ASCII) else shown(key)


def plain(schema: Mapping[str, Json], where: str) -> Plain:
    """Return the type of a string, a number, a boolean or null."""
    kind, form = schema["type"], schema.get("format")
    if not isinstance(form, str | None):
        raise RefusedError(where, "its format is no text")
    known = STRINGS.get(form or "") if kind == "string" else None
    name = known or TYPES[kind]
    keywords = LIMITS.get(name, {})
    only(schema, {"type", "format", *keywords}, where)
    return Plain(
        name, limits(schema, keywords, where, whole=name == "int"), None if known else form
    )


def choice(schema: Mapping[str, Json], where: str) -> Choice:
    """Return the values of `const` or `enum`."""
    only(schema, {"type", "const", "enum"}, where)
    if "const" in schema and "enum" in schema:
        raise RefusedError(where, "it has both const and enum")
    values = [schema["const"]] if "const" in schema else schema["enum"]
    checked(values, schema.get("type"), where)
    if any(isinstance(value, float) for value in values):
        raise RefusedError(where, "a literal cannot be a fraction")
    return Choice(tuple(values))


def checked(values: object, kind: object, where: str) -> None:
    """Refuse what is no list of different scalars, of the type `kind` if one is given."""
    if not isinstance(values, list) or not values:
        raise RefusedError(where, "its enum is no list of values")
    if any(isinstance(value, (dict, list)) for value in values):
        raise RefusedError(where, "its enum holds lists or objects")
    if len({(type(value), value) for value in values}) < len(values):
        raise RefusedError(where, "its enum holds a value twice")
    known = PYTHON.get(kind, ()) if isinstance(kind, str) else ()
    if kind is not None and any(type(value) not in known for value in values):
        raise RefusedError(where, f"its values are not all of type {shown(kind)}")


def limits(
    schema: Mapping[str, Json], keywords: Mapping[str, str], where: str, *, whole: bool = False
) -> Limits:
    """Return what bounds the values, by Pydantic's names; `whole` is for whole numbers."""
    return tuple(
        (name, _limit(name, key, schema[key], where, whole=whole))
        for key, name in keywords.items()
        if key in schema
    )


def _limit(name: str, key: str, value: Json, where: str, *, whole: bool) -> Json:
    def refuse() -> NoReturn:
        raise RefusedError(where, f"{key} cannot be {shown(value)}")

    if name == "pattern":
        if not isinstance(value, str) or not _compiles(value):
            refuse()
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse()
    if name in BOUNDS.values():
        if (whole and value != int(value)) or (name == "multiple_of" and value <= 0):
            refuse()
        return int(value) if whole else value
    if not isinstance(value, int) or not 0 <= value <= _LONGEST:
        refuse()
    return value


def _compiles(pattern: str) -> bool:
    """Tell whether a service could start with it: its regular expressions are Rust's."""
    from pydantic_core import SchemaError, SchemaValidator, core_schema  # noqa: PLC0415 - slow

    try:
        SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return False
    return True

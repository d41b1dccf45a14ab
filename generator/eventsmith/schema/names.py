"""Names that Python can bear, for what JSON calls anything at all."""

import builtins
import keyword
import re
from collections.abc import Container, Iterable, Sequence
from itertools import chain, count

from eventsmith.naming import words
from eventsmith.schema.model import Json
from eventsmith.schema.vocabulary import BUILTINS, CHASSIS, MODULES

LONGEST = 60

_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_OF_A_MODEL = {
    *("construct", "copy", "dict", "from_orm", "json", "model_computed_fields", "model_config"),
    *("model_construct", "model_copy", "model_extra", "model_fields", "model_fields_set"),
    *("model_json_schema", "model_parametrized_name", "model_post_init", "model_rebuild", "mro"),
    *("parse_file", "parse_obj", "parse_raw", "register", "schema", "schema_json"),
    *("update_forward_refs", "validate"),
}
_PROTECTED = ("model_dump", "model_validate")
_OF_AN_EVENT = {"data", "event_type", "of"}
_AMBIGUOUS = {"I", "O", "l"}
_NO_FIELD = {
    *keyword.kwlist,
    *_OF_A_MODEL,
    *MODULES,
    *CHASSIS,
    *BUILTINS,
    *_AMBIGUOUS,
    "cls",
    "self",
} - {"event"}
_NO_CLASS = {*keyword.kwlist, *dir(builtins), *MODULES, *CHASSIS}


def of_fields(keys: Sequence[str], *, of_event: bool) -> list[str]:
    """Return the attribute for each key of an object: the key itself wherever that will do."""
    reserved = _NO_FIELD | _OF_AN_EVENT if of_event else _NO_FIELD
    taken = {key for key in keys if _SNAKE.fullmatch(key) and _usable(key, reserved)}
    return [key if key in taken else _unique(_attribute(key, reserved), taken) for key in keys]


def _attribute(key: str, reserved: Container[str]) -> str:
    name = key if _SNAKE.fullmatch(key) else "_".join(words(key)).lower()
    if not _SNAKE.fullmatch(name) or name.startswith(_PROTECTED):
        name = f"field_{name}"
    name = name[:LONGEST].rstrip("_")
    return name if _usable(name, reserved) else f"{name}_"


def _usable(name: str, reserved: Container[str]) -> bool:
    return name not in reserved and not name.startswith(_PROTECTED) and len(name) <= LONGEST


def of_class(key: str, taken: Iterable[str]) -> str:
    """Return the class for a definition, in PascalCase; `taken` are those there are already."""
    name = key if _PASCAL.fullmatch(key) else "".join(w[0].upper() + w[1:] for w in words(key))
    name = name[:LONGEST] if _PASCAL.fullmatch(name) else f"Class{name}"[:LONGEST]
    return _unique(name, {*_NO_CLASS, *taken}, "")


def of_members(values: Iterable[Json]) -> list[str]:
    """Return the name of each value of an enumeration: 'in-transit' is IN_TRANSIT."""
    taken: set[str] = set()
    return [_unique(_constant(value), taken) for value in values]


def _constant(value: Json) -> str:
    sign = ["minus"] if isinstance(value, (int, float)) and value < 0 else []
    name = "_".join([*sign, *words("empty" if value == "" else str(value))]).upper()
    fine = name[:1].isalpha() and name not in _AMBIGUOUS
    return (name if fine else f"VALUE_{name}")[:LONGEST].rstrip("_")


def _unique(name: str, taken: set[str], seam: str = "_") -> str:
    """Return `name`, with a number behind it if it is taken; now it is."""
    numbered = (f"{name.rstrip('_')}{seam}{number}" for number in count(2))
    free = next(candidate for candidate in chain([name], numbered) if candidate not in taken)
    taken.add(free)
    return free

"""Compatible is only a new optional field or documentation; everything else breaks somebody."""

import json
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from orders.chassis.contracts.comparison import compare
from orders.chassis.contracts.contract import contract_of
from orders.chassis.messaging.events import DomainEvent, EventType

Fields = dict[str, Any]
Told = tuple[str, str]


def event_of(fields: Fields, base: type[DomainEvent] = DomainEvent) -> type[DomainEvent]:
    """A class with these fields, given as types or as pairs of type and default."""
    made: type[DomainEvent] = create_model("Told", __base__=base, **fields)
    made.event_type = EventType("shop", "Told", 1, "shop")
    return made


def nested(name: str = "Line", /, **fields: Any) -> Any:
    """A class to be nested in an event."""
    return create_model(name, **fields)


def enum(*values: str, name: str = "Color") -> Any:
    """An enum with these values."""
    return Enum(name, {value.upper(): value for value in values})


class Closed(DomainEvent):
    """An event that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Cat(BaseModel):
    """One of two that are told apart by a field."""

    kind: Literal["cat"]


class Dog(BaseModel):
    """The other."""

    kind: Literal["dog"]


class ManyCat(Cat):
    """The first, with three fields more that nobody needs."""

    lives: int = 9
    color: str = "grey"
    name: str = ""


class OldDog(Dog):
    """The other, with a field more."""

    age: int


class Tree(BaseModel):
    """Something that refers to itself."""

    below: "list[Tree]" = []


class Bush(BaseModel):
    """The same by another name, and with a field more."""

    below: "list[Bush]" = []
    height: int


def differences(was: Any, now: Any) -> list[Told]:
    """What the comparison finds, as field and rule."""
    return [(found.field, found.rule) for found in compare(contract_of(was), contract_of(now))]


ONE = Literal["a"]
TWO = Literal["a", "b"]
SHORT = Annotated[str, Field(max_length=3)]
LONG = Annotated[str, Field(max_length=9)]
NAME = Annotated[str, Field(pattern="^[a-z]+$")]
CENTS = Annotated[Decimal, Field(decimal_places=2)]
EITHER = Annotated[Cat | Dog, Field(discriminator="kind")]
OTHERWISE = Annotated[Dog | Cat, Field(discriminator="kind")]
OLDER = Annotated[Cat | OldDog, Field(discriminator="kind")]

BREAKING: list[tuple[str, Fields, Fields, list[Told]]] = [
    ("removed", {"a": int, "b": str}, {"a": int}, [("b", "field removed")]),
    ("optional removed", {"a": (int | None, None)}, {}, [("a", "field removed")]),
    ("added", {}, {"a": int}, [("a", "required field added")]),
    ("added, nullable but required", {}, {"a": int | None}, [("a", "required field added")]),
    ("renamed", {"a": int}, {"b": int}, [("a", "field removed"), ("b", "required field added")]),
    ("made required", {"a": (int | None, None)}, {"a": int}, [("a", "made required")]),
    ("made optional", {"a": int}, {"a": (int | None, None)}, [("a", "made optional")]),
    ("given a default", {"a": int}, {"a": (int, 1)}, [("a", "made optional")]),
    ("nullable", {"a": int}, {"a": int | None}, [("a", "made nullable")]),
    ("not nullable", {"a": (int | None, 1)}, {"a": (int, 1)}, [("a", "no longer nullable")]),
    ("item nullable", {"a": list[int]}, {"a": list[int | None]}, [("a[]", "made nullable")]),
    ("default", {"a": (int, 1)}, {"a": (int, 2)}, [("a", "default changed")]),
    ("default, 1 to true", {"a": (Any, 1)}, {"a": (Any, True)}, [("a", "default changed")]),
    ("wider", {"a": int}, {"a": float}, [("a", "type changed")]),
    ("narrower", {"a": float}, {"a": int}, [("a", "type changed")]),
    ("decimal to text", {"a": Decimal}, {"a": str}, [("a", "type changed")]),
    ("text to decimal", {"a": str}, {"a": Decimal}, [("a", "type changed")]),
    ("any JSON", {"a": JsonValue}, {"a": str}, [("a", "type changed")]),
    ("items", {"a": list[int]}, {"a": list[str]}, [("a[]", "type changed")]),
    ("items of any", {"a": list[Any]}, {"a": list[int]}, [("a[]", "type changed")]),
    ("one to many", {"a": int}, {"a": list[int]}, [("a", "type changed")]),
    ("values", {"a": dict[str, int]}, {"a": dict[str, str]}, [("a.*", "type changed")]),
    ("matching", {"a": dict[NAME, int]}, {"a": dict[NAME, str]}, [("a.*", "type changed")]),
    ("place", {"a": tuple[int, str]}, {"a": tuple[int, int]}, [("a[1]", "type changed")]),
    (
        "place added",
        {"a": tuple[int]},
        {"a": tuple[int, str]},
        [("a[1]", "type changed"), ("a", "constraint changed"), ("a", "constraint changed")],
    ),
    ("another type beside", {"a": int}, {"a": int | str}, [("a", "type changed")]),
    ("a type less", {"a": int | str | bool}, {"a": int | str}, [("a", "type changed")]),
    ("one of two", {"a": int | str}, {"a": int | bool}, [("a", "type changed")]),
    ("choice added", {"a": ONE}, {"a": TWO}, [("a", "enum value added")]),
    ("choice removed", {"a": TWO}, {"a": ONE}, [("a", "enum value removed")]),
    ("restricted", {"a": str}, {"a": TWO}, [("a", "type changed")]),
    ("unrestricted", {"a": TWO}, {"a": str}, [("a", "type changed")]),
    ("member added", {"a": enum("x")}, {"a": enum("x", "y")}, [("a", "enum value added")]),
    (
        "member renamed",
        {"a": enum("x", "y")},
        {"a": enum("x", "z")},
        [("a", "enum value removed"), ("a", "enum value added")],
    ),
    ("key", {"a": dict[ONE, int]}, {"a": dict[TWO, int]}, [("a (keys)", "enum value added")]),
    ("looser", {"a": SHORT}, {"a": LONG}, [("a", "constraint changed")]),
    ("tighter", {"a": LONG}, {"a": SHORT}, [("a", "constraint changed")]),
    ("constrained", {"a": str}, {"a": SHORT}, [("a", "constraint changed")]),
    ("digits", {"a": Decimal}, {"a": CENTS}, [("a", "constraint changed")]),
    ("in a nested class", {"a": nested(b=int)}, {"a": nested(b=str)}, [("a.b", "type changed")]),
    (
        "in a list of them",
        {"a": list[Tree] | None},
        {"a": list[Bush] | None},
        [("a[].height", "required field added")],
    ),
    ("of one class", {"a": EITHER}, {"a": OLDER}, [("a.age", "required field added")]),
    (
        "class to map",
        {"a": nested(b=int)},
        {"a": dict[str, int]},
        [("a.b", "field removed"), ("a.*", "type changed")],
    ),
]

COMPATIBLE: list[tuple[str, Fields, Fields, list[Told]]] = [
    ("nullable", {}, {"a": (int | None, None)}, [("a", "optional field added")]),
    ("with default", {}, {"a": (int, 1)}, [("a", "optional field added")]),
    (
        "made each time",
        {},
        {"a": (list[int], Field(default_factory=list))},
        [("a", "optional field added")],
    ),
    (
        "in a nested class",
        {"a": nested(b=int)},
        {"a": nested(b=int, c=(int, 1))},
        [("a.c", "optional field added")],
    ),
    (
        "in one of several classes",
        {"a": nested(b=int) | nested("Other", c=int)},
        {"a": nested("Other", c=int) | nested(b=int, d=(int, 1))},
        [("a.d", "optional field added")],
    ),
    (
        "in the class that is meant",
        {"a": Cat | Dog},
        {"a": Dog | ManyCat},
        [(f"a.{name}", "optional field added") for name in ("lives", "color", "name")],
    ),
    (
        "none, where one class could be the other",
        {"a": nested(b=int) | nested("Other", b=int, c=(int, 1))},
        {"a": nested("Other", b=int, c=(int, 1)) | nested(b=int)},
        [],
    ),
    ("described", {"a": int}, {"a": (int, Field(description="How many.", title="A"))}, []),
    ("with examples", {"a": int}, {"a": (int, Field(examples=[1], deprecated=True))}, []),
    ("class renamed", {"a": nested("Line", b=int)}, {"a": nested("Row", b=int)}, []),
    ("enum renamed", {"a": enum("x")}, {"a": enum("x", name="Hue")}, []),
    ("enum as choices", {"a": enum("a", "b")}, {"a": TWO}, []),
    ("order of fields", {"a": int, "b": int}, {"b": int, "a": int}, []),
    ("order of types", {"a": int | str | None}, {"a": None | str | int}, []),
    ("order of classes", {"a": EITHER}, {"a": OTHERWISE}, []),
    ("order of choices", {"a": Literal["a", "b"]}, {"a": Literal["b", "a"]}, []),
]


def rows(table: list[tuple[str, Fields, Fields, list[Told]]]) -> pytest.MarkDecorator:
    """A table as parameters of a test."""
    return pytest.mark.parametrize(
        ("was", "now", "found"), [pytest.param(*row, id=name) for name, *row in table]
    )


@rows(BREAKING)
def test_a_change_that_breaks_somebody_is_found(
    was: Fields, now: Fields, found: list[Told]
) -> None:
    findings = compare(contract_of(event_of(was)), contract_of(event_of(now)))

    assert found == [(finding.field, finding.rule) for finding in findings]
    assert all(finding.breaking for finding in findings)


@rows(COMPATIBLE)
def test_a_new_optional_field_and_documentation_break_nobody(
    was: Fields, now: Fields, found: list[Told]
) -> None:
    findings = compare(contract_of(event_of(was)), contract_of(event_of(now)))

    assert found == [(finding.field, finding.rule) for finding in findings]
    assert not any(finding.breaking for finding in findings)


def test_where_other_fields_were_refused_a_new_one_breaks() -> None:
    was, now = event_of({}, Closed), event_of({"a": (int, 1)}, Closed)

    assert [True] == [found.breaking for found in compare(contract_of(was), contract_of(now))]


def test_refusing_other_fields_or_no_longer_is_a_change() -> None:
    assert [("", "closed to other fields")] == differences(event_of({}), event_of({}, Closed))
    assert [("", "opened to other fields")] == differences(event_of({}, Closed), event_of({}))


@pytest.mark.parametrize("rule", ["type", "stream"])
def test_another_type_or_stream_breaks(rule: str) -> None:
    contract = contract_of(event_of({}))
    agreed = contract | {"x-eventsmith": contract["x-eventsmith"] | {rule: "before"}}

    assert [("", f"{rule} changed")] == [(f.field, f.rule) for f in compare(agreed, contract)]


def test_what_was_and_what_is_stand_in_the_words_of_add_event() -> None:
    was = event_of({"a": Decimal, "b": list[int], "c": int | None, "d": ONE, "e": nested(f=int)})
    now = event_of({"a": float, "b": str, "c": str | bool | None, "d": bool, "e": dict[str, int]})

    found = compare(contract_of(was), contract_of(now))

    assert {
        "a": "decimal → float",
        "b": "list of int → str",
        "d": 'one of "a" → bool',
    }.items() <= {finding.field: finding.detail for finding in found}.items()


def test_what_refers_to_itself_is_compared_to_its_end() -> None:
    tree, bush = event_of({"a": Tree}), event_of({"a": Bush})

    assert [] == differences(tree, tree)
    assert [("a.height", "required field added")] == differences(tree, bush)


TYPES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    int: st.integers(-9, 9),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    Decimal: st.decimals(0, 99, places=2),
    TWO: st.sampled_from(["a", "b"]),
    list[int]: st.lists(st.integers(-9, 9), max_size=2),
}
Declared = dict[str, tuple[Any, bool]]
SOME = st.tuples(st.sampled_from(list(TYPES)), st.booleans())


def declared(fields: Declared) -> type[DomainEvent]:
    """The class with these fields, some of them optional."""
    return event_of(
        {name: (kind | None, None) if free else kind for name, (kind, free) in fields.items()}
    )


@settings(deadline=None)
@given(
    was=st.dictionaries(st.sampled_from("abc"), SOME),
    changed=st.dictionaries(st.sampled_from("cdef"), SOME, max_size=2),
    data=st.data(),
)
def test_what_is_called_compatible_is_read_by_both_versions(
    was: Declared, changed: Declared, data: st.DataObject
) -> None:
    now = was | changed
    found = compare(contract_of(declared(was)), contract_of(declared(now)))
    if any(finding.breaking for finding in found):
        return
    for writer, reader in ((was, now), (now, was)):
        values = {
            name: data.draw(TYPES[kind] | st.none() if optional else TYPES[kind])
            for name, (kind, optional) in writer.items()
        }
        written = declared(writer)(aggregate_id="a", **values)

        read = declared(reader).of({"aggregate_id": "a"}, json.loads(written.data()))

        assert all(getattr(read, name) == values.get(name) for name in reader)

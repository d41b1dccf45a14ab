"""Whatever things are called in JSON, they have a name in Python that can stay."""

import pytest

from eventing import DomainEvent
from eventsmith.schema import names
from eventsmith.schema.vocabulary import BUILTINS, MODULES


def fields_of(*keys: str) -> list[str]:
    return names.of_fields(keys, of_event=True)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        *(("id", "id"), ("type", "type"), ("hash", "hash"), ("customer_id", "customer_id")),
        *(("customerId", "customer_id"), ("SKU", "sku"), ("customer-id", "customer_id")),
        *(("class", "class_"), ("None", "none"), ("date", "date_"), ("list", "list_")),
        *(("copy", "copy_"), ("json", "json_"), ("data", "data_"), ("of", "of_"), ("l", "l_")),
        *(("model_config", "model_config_"), ("model_dump_x", "field_model_dump_x")),
        *(("model_name", "model_name"), ("_private", "private"), ("__class__", "class_")),
        *(
            ("3d", "field_3d"),
            ("", "field"),
            ("🚀", "field"),
            ("Größe", "groe"),
            ("x" * 99, "x" * 60),
        ),
    ],
)
def test_a_field_has_the_name_it_has_in_json_or_the_nearest_possible(key: str, name: str) -> None:
    assert fields_of(key) == [name]


def test_names_stay_different() -> None:
    assert fields_of("class", "class_", "Class") == ["class_2", "class_", "class_3"]
    assert fields_of("aB", "a_b", "a-b") == ["a_b_2", "a_b", "a_b_3"]
    assert names.of_members(["a b", "a-b", "", 1, -1, 1.5, None, True, "🚀", "O"]) == [
        *("A_B", "A_B_2", "EMPTY", "VALUE_1", "MINUS_1", "VALUE_1_5", "NONE", "TRUE", "VALUE"),
        "VALUE_O",
    ]
    assert names.of_class("Line", {"Line", "Line2"}) == "Line3"
    assert [names.of_class(key, ()) for key in ("line-item", "Decimal", "List", "3d", "🚀")] == [
        *("LineItem", "Decimal2", "List", "Class3d", "Class"),
    ]


def test_no_field_hides_what_pydantic_or_an_event_has() -> None:
    inherited = {*dir(DomainEvent), *dir(type(DomainEvent)), *MODULES, *BUILTINS, "data", "of"}
    hidden = {*inherited, "event_type"} - {"event"}

    assert hidden & set(fields_of(*sorted(hidden))) == set()

"""A hostile schema gets one line and nothing else: nothing is fetched, run or made."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventsmith.errors import EventsmithError
from eventsmith.schema.finding import find
from eventsmith.schema.guard import imported_names
from eventsmith.schema.source import contract_source
from importing import IDENTITY, assert_refused, contract, field, imported, loaded, module_of

STRING = {"type": "string"}


@pytest.mark.parametrize(
    "reference",
    [
        *("http://127.0.0.1:9/x.json", "https://example.com/a#/$defs/A", "file:///etc/passwd"),
        *(
            "other.json",
            "../../x.json#/$defs/Line",
            "#",
            "#/",
            "",
            "#/$defs/",
            "#/properties/total",
        ),
        *("#/$defs/Line/properties/sku", "#/$defs/~0", "#/$defs/%4cine", "#Line", "#/$defs/line"),
        *("#/$defs/Line\n", "#/$defs/../x", "urn:x", None, 1, ["#/$defs/Line"], {}),
    ],
)
def test_a_reference_out_of_its_own_definitions_is_refused(reference: Any) -> None:
    schema = field({"$ref": reference}, **{"$defs": {"Line": STRING}})

    assert_refused(schema, "properties/total: ", "none of its own definitions")


def test_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.json"

        assert_refused(field({"$ref": url}))

        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    "definitions",
    [
        {"Line": {"$ref": "#/$defs/Line"}},
        {"Line": {"type": "object", "properties": {"kids": {"$ref": "#/$defs/Line"}}}},
        {
            "Line": {"type": "array", "items": {"$ref": "#/$defs/Other"}},
            "Other": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}]},
        },
    ],
)
def test_what_holds_itself_is_refused(definitions: dict[str, Any]) -> None:
    assert_refused(field({"$ref": "#/$defs/Line"}, **{"$defs": definitions}), "holds itself")


def test_depth_is_limited_also_through_references() -> None:
    chain = {
        f"L{n}": {"type": "object", "properties": {"a": {"$ref": f"#/$defs/L{n + 1}"}}}
        for n in range(40)
    }
    deep: dict[str, Any] = STRING
    for _ in range(20):
        deep = {"type": "array", "items": {"anyOf": [deep, {"type": "null"}]}}

    assert_refused(field({"$ref": "#/$defs/L0"}, **{"$defs": chain}), "more than 32 levels deep")
    assert_refused(field(deep), "more than 32 levels deep")


def test_what_multiplies_by_references_is_stopped() -> None:
    laughs = {
        f"L{n}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/L{n + 1}"}] * 9,
                  "minItems": 9, "maxItems": 9}
        for n in range(10)
    }  # fmt: skip

    definitions = {"$defs": laughs | {"L10": STRING}}

    assert_refused(field({"$ref": "#/$defs/L0"}, **definitions), "more than 5,000")


def test_a_contract_with_thousands_of_fields_is_read_or_refused() -> None:
    source = imported(contract({f"field{n}": STRING for n in range(2000)}))

    assert source.fields.count("\n") == 1999
    assert_refused(contract({f"field{n}": STRING for n in range(5001)}), "more than 5,000")


HOSTILE = [
    *('"""', "'''", '"; import os #', "\\", "\\\n", "\n    import os", "\r", "\0", "\x1b[31m"),
    *("{{ 7 * 7 }}", "{% include 'x' %}", "\u202e", "\u2028", "__import__('os').system('x')"),
    *("# noqa", "type: ignore", "$(id)", "`id`", "%s", "../../x", "a" * 300, "]", "None"),
]
hostile = (st.sampled_from(HOSTILE) | st.text()).filter(lambda text: text not in IDENTITY)


@given(texts=st.lists(hostile, min_size=8, max_size=8, unique=True))
@settings(deadline=None)
def test_text_of_a_schema_is_never_code(texts: list[str]) -> None:
    key, other, title, description, value, default, form, remark = texts
    line = {"type": "object", "title": title, "description": description, "properties": {
        key: {"type": "string", "default": default, "$comment": remark},
        other: {"type": "string", "format": form, "description": description}}}  # fmt: skip
    kind = {"enum": [value, default, key], "description": remark}
    schema = field(
        {"$ref": "#/$defs/Line"}, title=title, description=description,
        **{"$defs": {"Line": line, "Kind": kind}},
    )  # fmt: skip
    schema["properties"] |= {other: {"$ref": "#/$defs/Kind"}, key: {"const": value}}
    schema["x-remark"] = remark

    source = imported(schema)

    assert module_of(source).isascii()
    made = loaded(source).model_json_schema(mode="serialization")
    assert made["properties"].keys() >= {key, other}


@pytest.mark.parametrize("name", ["größe", "a\nb", "\u202e", "x" * 5000, "{{ 1 }}", "\x1b[31m"])
def test_names_and_values_are_quoted_where_they_are_refused(name: str) -> None:
    assert_refused(contract({name: True}), "properties/")
    assert_refused(field({"type": name}), "is no type")
    assert_refused(field({name: 1}), "there is no telling what")


@pytest.mark.parametrize(
    "code",
    [
        *("import os", "x = __import__('os')", "print(1)", "class A(BaseModel):\n  x: int = f()"),
        *("class A(BaseModel):\n  def f(self): ...", "class A(BaseModel, metaclass=f): ..."),
        *("class A(eval('x')): ...", "@f\nclass A(BaseModel):\n  x: int", "x = lambda: f()"),
        *("x = os.system", "x = [1 for _ in ()]", "x = f'{1}'", "x: 'f()'", "x: list['f()']"),
        *("x: Annotated['f()', Field(ge=1)]", "x = Field(**y)", "x = await_", "x: evil", "1"),
        *("x = Field.y", "x = Field(ge=f())", "x = lambda y=f(): None", "del x", "x = (y := 1)"),
    ],
)
def test_code_that_does_anything_is_never_handed_out(code: str) -> None:
    with pytest.raises(EventsmithError, match="fault of eventsmith"):
        imported_names(code)


def test_hostile_contracts_come_from_files_as_well(tmp_path: Path) -> None:
    file = tmp_path / "orders.OrderCreated.v1.json"
    file.write_text(json.dumps(field({"$ref": "file:///etc/passwd"})))

    with pytest.raises(EventsmithError, match=r"v1\.json cannot be imported: properties/total: "):
        contract_source(find(file, "OrderCreated"), "OrderCreated")

    assert [*tmp_path.iterdir()] == [file]

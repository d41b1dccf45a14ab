"""Whatever JSON says it is a schema: it is imported faithfully, or refused in one line."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventsmith.errors import EventsmithError
from eventsmith.schema.source import ContractSource
from importing import Schema, contract, contract_of, imported, loaded

KEYWORDS = [
    *("$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "description", "enum"),
    *("discriminator", "exclusiveMaximum", "format", "items", "maxItems", "maxLength", "minItems"),
    *("minProperties", "minimum", "multipleOf", "oneOf", "pattern", "patternProperties"),
    *("prefixItems", "properties", "propertyNames", "required", "title", "type", "uniqueItems"),
]
VALUES = [
    *("string", "integer", "number", "boolean", "null", "array", "object", "decimal", "uuid"),
    *("date", "date-time", "#/$defs/A", "#/$defs/B", "a", "^a$", "", 0, 1, 2, -1, 1.5),
    *(True, False, None),
]
LEAVES: list[Any] = [
    *({}, {"type": "string"}, {"type": "integer"}, {"type": "null"}, {"type": "boolean"}),
    *({"type": "number", "minimum": 0}, {"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}),
    *({"enum": ["a", "b"]}, {"const": "a"}, {"const": 1}, {"enum": ["a", 1, None, True]}),
    *({"type": "string", "format": form} for form in ("decimal", "uuid", "odd")),
]
values = st.sampled_from(VALUES)
keywords = st.sampled_from(KEYWORDS)
fields = st.sampled_from(["a", "b", "class", "kind"])


def built(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas made of others, most of them as they should be."""
    several = st.lists(inner, max_size=3)
    anything = st.one_of(inner, several, values, st.lists(values, max_size=3))
    return st.one_of(
        st.builds(lambda item, own: {"type": "array", "items": item} | own, inner, st.sampled_from(
            [{}, {"uniqueItems": True}, {"minItems": 1}])),
        several.map(lambda options: {"anyOf": options}),
        several.map(lambda options: {
            "oneOf": options, "discriminator": {"propertyName": "kind"}}),
        several.map(lambda items: {
            "type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}),
        inner.map(lambda value: {"type": "object", "additionalProperties": value}),
        st.builds(lambda value, keys: {
            "type": "object", "additionalProperties": value, "propertyNames": keys}, inner, inner),
        st.dictionaries(fields, inner, max_size=3).map(lambda properties: {
            "type": "object", "properties": properties, "required": [*properties][:1]}),
        st.builds(lambda kind, value: kind | {"default": value}, inner.filter(
            lambda kind: isinstance(kind, dict)), values),
        st.dictionaries(keywords, anything, max_size=4),
    )  # fmt: skip


schemas = st.recursive(
    st.sampled_from(LEAVES) | values | st.dictionaries(keywords, values, max_size=4),
    built,
    max_leaves=8,
)


@given(properties=st.dictionaries(fields, schemas, max_size=3), one=schemas, other=schemas)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_schema_is_imported_faithfully_or_refused(
    properties: Schema, one: Any, other: Any
) -> None:
    schema = contract(properties, **{"$defs": {"A": one, "B": other}})
    source, refusal = outcome(schema)

    if source is None:
        assert refusal.replace("…", "").isprintable()
        assert "fault of eventsmith" not in refusal
    else:
        assert contract_of(loaded(source)) == json.loads(source.snapshot)


def outcome(schema: Schema) -> tuple[ContractSource | None, str]:
    """Return what becomes of a schema, or why nothing does."""
    try:
        return imported(schema), ""
    except EventsmithError as error:
        return None, str(error)

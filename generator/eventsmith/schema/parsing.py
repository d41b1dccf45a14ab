"""JSON Schema into the tree of a contract; what Python cannot say is refused, not left out."""

import re

from eventsmith.schema import classes, names
from eventsmith.schema.containers import Parse, Schema, array, listed, table
from eventsmith.schema.model import NULL, Class, Json, Model, Node, Plain, RefusedError, Union
from eventsmith.schema.scalars import choice, only, plain, shown
from eventsmith.schema.vocabulary import TYPES

DEEPEST = 32  # types within each other, also through references
MOST = 5_000  # types
WIDEST = 100  # alternatives
_REF = re.compile(r"#/\$defs/([A-Za-z0-9._-]+)")


def parse(schema: Schema, class_name: str) -> tuple[Model, list[Class]]:
    """Return the event, and the classes it is made of, each behind those it needs itself."""
    parser = _Parser(schema, class_name)
    event = {key: value for key, value in schema.items() if key not in {"$schema", "$defs"}}
    return classes.model(class_name, event, "", parser.node, of_event=True), parser.classes


class _Parser:
    def __init__(self, schema: Schema, class_name: str) -> None:
        definitions = schema.get("$defs", {})
        self._definitions = definitions if isinstance(definitions, dict) else {}
        self._named: dict[str, Class] = {}
        self._taken = {class_name}
        self._by_keyword: dict[str, Parse] = {
            "$ref": self._reference,
            "allOf": self._only_one,
            "anyOf": self._union,
            "oneOf": self._discriminated,
            "const": choice,
            "enum": choice,
        }
        self._open: list[str] = []
        self._depth = 0
        self._count = 0

    @property
    def classes(self) -> list[Class]:
        return list(self._named.values())

    def node(self, schema: Json, where: str) -> Node:
        self._count += 1
        if self._count > MOST:
            raise RefusedError(where, f"with this there are more than {MOST:,} fields and types")
        if self._depth == DEEPEST:
            raise RefusedError(where, f"it is nested more than {DEEPEST} levels deep")
        if not isinstance(schema, dict):
            raise RefusedError(where, f"{shown(schema)} is no type")
        self._depth += 1
        try:
            return self._node(schema, where)
        finally:
            self._depth -= 1

    def _node(self, schema: Schema, where: str) -> Node:
        for keyword, parse in self._by_keyword.items():
            if keyword in schema:
                return parse(schema, where)
        if "type" not in schema:
            only(schema, (), where)
            return Plain("JsonValue")
        kind = schema["type"]
        if kind == "array":
            return array(schema, where, self.node)
        if kind == "object":
            return table(schema, where, self.node)
        if isinstance(kind, str) and kind in TYPES:
            return plain(schema, where)
        raise RefusedError(where, f"{shown(kind)} is no type")

    def _reference(self, schema: Schema, where: str) -> Node:
        only(schema, {"$ref"}, where)
        match = _REF.fullmatch(schema["$ref"]) if isinstance(schema["$ref"], str) else None
        if match is None or match[1] not in self._definitions:
            raise RefusedError(where, f"{shown(schema['$ref'])} is none of its own definitions")
        key = match[1]
        if key in self._open:
            raise RefusedError(where, f"the definition {key} holds itself, which has no end")
        self._open.append(key)
        try:
            return self._named.get(key) or self._definition(key)
        finally:
            self._open.pop()

    def _definition(self, key: str) -> Node:
        schema, where = self._definitions[key], f"$defs/{key}"
        if not isinstance(schema, dict) or not schema.keys() & {"enum", "properties"}:
            return self.node(schema, where)
        name = names.of_class(key, self._taken)
        self._taken.add(name)
        found: Class
        if "enum" in schema:
            found = classes.enumeration(name, schema, where)
        else:
            found = classes.model(name, schema, where, self.node)
        self._named[key] = found
        return found

    def _only_one(self, schema: Schema, where: str) -> Node:
        only(schema, {"allOf"}, where)
        options = listed(schema, "allOf", where, self.node)
        if len(options) != 1:
            raise RefusedError(where, "only an allOf of one type is understood")
        return options[0]

    def _union(self, schema: Schema, where: str) -> Node:
        only(schema, {"anyOf"}, where)
        options: list[Node] = []
        for option in listed(schema, "anyOf", where, self.node):
            if isinstance(option, Union) and option.discriminator is None:
                options += option.options
            else:
                options.append(option)
        # Python writes None last, and nothing twice.
        different = sorted(dict.fromkeys(options), key=lambda option: option == NULL)
        if not 0 < len(different) <= WIDEST:
            raise RefusedError(where, f"it could be one of {len(different)} types")
        return Union(tuple(different)) if len(different) > 1 else different[0]

    def _discriminated(self, schema: Schema, where: str) -> Node:
        only(schema, {"oneOf", "discriminator"}, where)
        options = listed(schema, "oneOf", where, self.node)
        references = {f"#/$defs/{key}": found.name for key, found in self._named.items()}
        about = schema.get("discriminator")
        return Union(tuple(options), classes.discriminator(about, options, references, where))

"""A contract as Python: what the module of an imported event holds, formatted and free of lint."""

from collections.abc import Sequence
from dataclasses import dataclass

from eventsmith.errors import EventsmithError
from eventsmith.schema.annotations import annotation, optional
from eventsmith.schema.defaults import expression
from eventsmith.schema.exporting import exported
from eventsmith.schema.expressions import Bracketed, Expression, Labelled, Text
from eventsmith.schema.guard import imported_names
from eventsmith.schema.imports import imports
from eventsmith.schema.layout import STEP, statement
from eventsmith.schema.lint import silenced
from eventsmith.schema.literals import literal
from eventsmith.schema.model import Class, Field, Items, Json, Model, Node, RefusedError, Table
from eventsmith.schema.parsing import parse
from eventsmith.schema.reading import Snapshot


@dataclass(frozen=True, slots=True)
class ContractSource:
    """The parts of a module, without line breaks around them, and the file that goes with it.

    `imports` are all there are beside the chassis's, and may be empty. `classes` are those that the
    event's fields are made of, and may be empty. `description` is the event's docstring. `fields`
    is the body of its class, indented, and may be empty as well. `snapshot` is the text that the
    importing service would export.
    """

    imports: str
    classes: str
    description: str
    fields: str
    snapshot: str


def contract_source(snapshot: Snapshot, class_name: str) -> ContractSource:
    """Return the consuming side of a contract, for a class called `class_name`."""
    try:
        event, classes = parse(snapshot.schema, class_name)
        before = "\n\n\n".join(map(_class, classes))
        fields = _body(event, nested=False)
    except RefusedError as error:
        raise EventsmithError(
            f"{snapshot.path} cannot be imported: {error}; "
            "leave out --from and write its class by hand"
        ) from None
    frame = f"class {class_name}(DomainEvent):\n" + (fields or f"{STEP}''")
    names = imported_names(f"{before}\n{frame}")
    description = event.description or f"{snapshot.event.publisher} tells that this happened."
    exports = exported(snapshot, event, classes, description)
    return ContractSource(imports(names), before, description, fields, exports)


def _class(node: Class) -> str:
    if isinstance(node, Model):
        return f"class {node.name}(BaseModel):\n{_described(node)}{_body(node, nested=True)}"
    members = zip(node.names, node.values, strict=True)
    lines = [_line(name, None, literal(value)) for name, value in members]
    return f"class {node.name}({node.base}):\n{_described(node)}" + "\n".join(lines)


def _described(node: Class) -> str:
    return f'{STEP}"""{node.description}"""\n\n' if node.description else ""


def _body(model: Model, *, nested: bool) -> str:
    options: dict[str, Json] = {"frozen": True} if nested else {}
    if nested and any(field.name != field.key for field in model.fields):
        options["validate_by_name"] = True
    if model.extra is True:
        options["extra"] = "allow"
    if model.extra is False:  # said, but not enforced: a newer publisher may add fields
        options["json_schema_extra"] = {"additionalProperties": False}
    config = [(name, literal(value)) for name, value in options.items()]
    parts = [_line("model_config", None, _call("ConfigDict", config))] if config else []
    if model.fields:
        parts.append("\n".join(map(_field, model.fields)))
    return "\n\n".join(parts)


def _field(field: Field) -> str:
    kind, arguments = annotation(field.type), list[tuple[str, Expression]]()
    exact = True
    if field.default is not None and field.required:
        schema = literal({"default": field.default.value})
        arguments.append(("json_schema_extra", schema))
    elif field.default is not None:
        value, exact = expression(field.type, field.default)
        arguments.append(("default", value))
    elif not field.required:
        empty = _empty(field.type)
        kind = kind if empty else optional(field.type)
        arguments.append(("default_factory", Text(empty or "lambda: None")))
    if field.name != field.key:
        arguments.append(("alias", literal(field.key)))
    if not exact:
        arguments.append(("validate_default", Text("True")))
    return _line(field.name, kind, _value(arguments))


def _value(arguments: Sequence[tuple[str, Expression]]) -> Expression | None:
    """Return what stands behind the equals sign of a field."""
    match arguments:
        case []:
            return None
        case [("default", value)] if not (isinstance(value, Bracketed) and value.is_display):
            return value
    return _call("Field", arguments)


def _empty(node: Node) -> str | None:
    """Return what makes the empty value of a container, if it may be empty."""
    match node:
        case Items(_, unique, limits) if dict(limits).get("min_length", 0) == 0:
            return "set" if unique else "list"
        case Table(_, _, limits) if dict(limits).get("min_length", 0) == 0:
            return "dict"
    return None


def _call(function: str, arguments: Sequence[tuple[str, Expression]]) -> Bracketed:
    labelled = (Labelled(f"{name}=", value) for name, value in arguments)
    return Bracketed(f"{function}(", tuple(labelled), ")")


def _line(name: str, kind: Expression | None, value: Expression | None) -> str:
    is_text = isinstance(value, Text) and value.text[-1] in "'\"" and value.text != '""'
    return silenced(statement(name, kind, value), assigns_text_to=name if is_text else "")

"""The types of fields as Python annotates them."""

from eventsmith.schema.expressions import Bracketed, Either, Expression, Labelled, Text
from eventsmith.schema.literals import literal, quoted
from eventsmith.schema.model import Choice, Items, Json, Limits, Node, Plain, Row, Table, Union

_UNSEEN_NONE = Bracketed("SkipJsonSchema[", (Text("None"),), "]")


def annotation(node: Node, *, in_set: bool = False) -> Expression:
    """Return the type; what a set holds must be hashable."""
    match node:
        case Plain(kind, limits, form):
            return _bounded(Text(kind), limits, form)
        case Choice(values):
            return Bracketed("Literal[", tuple(map(literal, values)), "]")
        case Union(options, discriminator):
            union = Either(tuple(annotation(option, in_set=in_set) for option in options))
            if discriminator is None:
                return union
            return _annotated(union, Labelled("discriminator=", literal(discriminator.name)))
        case Items() | Row() | Table():
            return _container(node, in_set=in_set)
    return Text(node.name)


def _container(node: Items | Row | Table, *, in_set: bool) -> Expression:
    match node:
        case Row(items):
            places = tuple(annotation(item, in_set=in_set) for item in items)
            return Bracketed("tuple[", places or (Text("()"),), "]")
        case Table(keys, values, limits):
            pair = (annotation(keys) if keys else Text("str"), annotation(values))
            return _bounded(Bracketed("dict[", pair, "]"), limits)
    inner = (annotation(node.item, in_set=in_set or node.unique),)
    if node.unique:
        return _bounded(Bracketed("frozenset[" if in_set else "set[", inner, "]"), node.limits)
    if in_set:
        return _bounded(Bracketed("tuple[", (*inner, Text("...")), "]"), node.limits)
    return _bounded(Bracketed("list[", inner, "]"), node.limits)


def optional(node: Node) -> Expression:
    """Return the type of a field that may be absent and is None then, which no schema says."""
    whole = annotation(node)
    if _takes_null(node):
        return whole
    return Either((*(whole.options if isinstance(whole, Either) else (whole,)), _UNSEEN_NONE))


def _takes_null(node: Node) -> bool:
    match node:
        case Plain(kind):
            return kind in {"JsonValue", "None"}
        case Choice(values):
            return None in values
        case Union(options):
            return any(map(_takes_null, options))
    return False


def _bounded(kind: Expression, limits: Limits, form: str | None = None) -> Expression:
    arguments = [Labelled(f"{name}=", _bound(kind, value)) for name, value in limits]
    if form is not None:
        arguments.append(Labelled("json_schema_extra=", literal({"format": form})))
    return _annotated(kind, *arguments) if arguments else kind


def _bound(kind: Expression, value: Json) -> Expression:
    if kind == Text("Decimal") and isinstance(value, float):
        return Bracketed("Decimal(", (Text(quoted(repr(value))),), ")")
    return literal(value)


def _annotated(kind: Expression, *arguments: Labelled) -> Expression:
    return Bracketed("Annotated[", (kind, Bracketed("Field(", arguments, ")")), "]")

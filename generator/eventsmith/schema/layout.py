"""How `ruff format` lays out the assignments of a contract."""

from eventsmith.schema.expressions import Bracketed, Either, Expression, Labelled, Text, flat
from eventsmith.schema.lint import suspicious

WIDTH = 100
STEP = "    "
INNER = STEP * 2


def statement(name: str, annotation: Expression | None, value: Expression | None) -> str:
    """Return a line of a class or what it is broken into: `name: annotation = value`.

    The annotation or the value may be missing.
    """
    head = f"{STEP}{name}" + (f": {flat(annotation)}" if annotation else "")
    if _fits(head + (f" = {flat(value)}" if value else "")):
        return head + (f" = {flat(value)}" if value else "")
    if value is None:
        return f"{STEP}{name}: {_alone(annotation)}" if annotation else head
    if isinstance(value, Bracketed) and value.items and _fits(f"{head} = {value.opening}"):
        return f"{head} = {_broken(value, STEP)}"
    roomy, breaks = _fits(f"{head} = ("), annotation is not None and _breaks(annotation)
    if annotation and breaks and (_negative(value) or not roomy):
        head = f"{STEP}{name}: {_alone(annotation)}"
        last_line = head.rpartition("\n")[2]
        return f"{head} = {_laid(value, STEP, len(last_line) + len(' = '))}"
    if roomy:
        return f"{head} = {_in_parentheses(value, always=breaks)}"
    return f"{head} = {_broken(value, STEP)}"


def _fits(text: str) -> bool:
    return all(len(line) <= WIDTH for line in text.split("\n"))


def _negative(expression: Expression) -> bool:
    return isinstance(expression, Text) and expression.text.startswith("-")


def _breaks(expression: Expression) -> bool:
    """Tell whether `expression` has a place of its own to break at."""
    return isinstance(expression, Either) or (
        isinstance(expression, Bracketed) and bool(expression.items)
    )


def _alone(annotation: Expression) -> str:
    """Return an annotation too long for its line: in its own brackets or in added ones."""
    if isinstance(annotation, Bracketed) and annotation.items:
        return _broken(annotation, STEP)
    return _in_parentheses(annotation, always=isinstance(annotation, Either))


def _in_parentheses(expression: Expression, *, always: bool) -> str:
    """Return `expression` in added parentheses; unless `always`, if every line then fits."""
    text = INNER + _laid(expression, INNER, len(INNER))
    return f"(\n{text}\n{STEP})" if always or _fits(text) else _broken(expression, STEP)


def _laid(expression: Expression, indent: str, before: int, after: int = 0) -> str:
    """Return `expression`, broken if it must be.

    Its first line has `before` characters before it, its last line `after` characters behind it.
    """
    line = flat(expression)
    return line if before + len(line) + after <= WIDTH else _broken(expression, indent, after)


def _broken(expression: Expression, indent: str, after: int = 0) -> str:
    match expression:
        case Labelled(label, value):
            return label + _broken(value, indent, after)
        case Either(options):
            first, *others, last = options
            lines = [_laid(first, indent, len(indent))]
            lines += [f"| {_laid(other, indent, len(indent) + 2)}" for other in others]
            lines += [f"| {_laid(last, indent, len(indent) + 2, after)}"]
            return f"\n{indent}".join(lines)
        case Bracketed(opening, items, closing) if items:
            return f"{opening}\n{_items(expression, indent + STEP)}\n{indent}{closing}"
    return flat(expression)


def _items(bracketed: Bracketed, indent: str) -> str:
    line = indent + ", ".join(map(flat, bracketed.items))
    comma = "," if len(bracketed.items) > 1 else ""
    # A comment on this line would make the formatter put each item on a line of its own.
    if len(line) <= WIDTH and not (comma and (bracketed.is_display or suspicious(line))):
        return line
    return "\n".join(
        f"{indent}{_laid(item, indent, len(indent), len(comma))}{comma}" for item in bracketed.items
    )

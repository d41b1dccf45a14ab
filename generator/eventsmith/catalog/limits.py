"""What differs in the values that two schemas of one type allow."""

from collections.abc import Iterator
from dataclasses import dataclass

from eventsmith.catalog.schemas import DOCUMENTATION, Schema, values
from eventsmith.schema.scalars import segment, shown

_STRUCTURE = DOCUMENTATION | {
    *("$ref", "type", "format", "enum", "const", "default", "anyOf", "oneOf", "properties"),
    *("required", "items", "prefixItems", "additionalProperties", "patternProperties"),
    "propertyNames",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference at a field, such as `lines[].sku`; empty for the payload as a whole."""

    field: str
    problem: str
    breaking: bool

    def __str__(self) -> str:
        return f"{self.field or 'the payload'} {self.problem}"


def allowed(path: str, sent: Schema, read: Schema) -> Iterator[Difference]:
    """Compare the values of an enumeration."""
    ours, theirs = values(sent), values(read)
    if theirs and not ours:
        yield Difference(path, "may have any value, and only some are known", breaking=True)
    elif theirs:
        for value in ours:
            if value not in theirs:
                yield Difference(path, f"may be {shown(value)}, which is not known", breaking=True)
        for value in theirs:
            if value not in ours:
                yield Difference(path, f"is never {shown(value)}", breaking=False)


def limits(path: str, sent: Schema, read: Schema) -> Iterator[Difference]:
    """Compare what else limits values: lengths, ranges, patterns."""
    for key in sorted((sent.keys() | read.keys()) - _STRUCTURE):
        if sent.get(key) != read.get(key):
            there, here = (shown(side[key]) if key in side else "none" for side in (sent, read))
            problem = f"has another {segment(key)}: {there} is sent, {here} is read"
            yield Difference(path, problem, breaking=key in read)

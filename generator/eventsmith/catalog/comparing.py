"""What differs between what a publisher sends and what a consumer reads, and whether it hurts.

Consumers ignore fields they do not know, so most of what a publisher adds is harmless to them.
"""

from collections.abc import Iterator

from eventsmith.catalog.limits import Difference, allowed, limits
from eventsmith.catalog.schemas import (
    DOCUMENTATION,
    Schema,
    items,
    mapping,
    required,
    resolved,
    text,
    without_null,
)
from eventsmith.catalog.words import words
from eventsmith.schema.model import Json
from eventsmith.schema.scalars import segment

_FITS = {("integer", "number")}
_ANYTHING: Schema = {}
_DEEPEST = 50  # values within each other


def compare(sent: Schema, read: Schema) -> tuple[Difference, ...]:
    """Return what the publisher's contract and a consumer's differ in, documentation aside."""
    return tuple(dict.fromkeys(_Comparison(sent, read).values("", sent, read)))


class _Comparison:
    def __init__(self, sent: Schema, read: Schema) -> None:
        self._sent = sent
        self._read = read
        self._seen = set[tuple[str | int, str | int]]()
        self._depth = 0

    def values(self, path: str, sent: Json, read: Json) -> Iterator[Difference]:
        """Compare two schemas; what refers to itself, or is referred to often, once."""
        pair = _identity(sent), _identity(read)
        if self._depth == _DEEPEST or pair in self._seen:
            return
        self._seen.add(pair)
        self._depth += 1
        yield from self._values(path, sent, read)
        self._depth -= 1

    def _values(self, path: str, sent: Json, read: Json) -> Iterator[Difference]:
        ours, null = without_null(sent, self._sent)
        theirs, takes_null = without_null(read, self._read)
        if any(_anything(resolved(option, self._read)) for option in theirs):
            return
        if null != takes_null:
            yield Difference(path, "may be null" if null else "is never null", null)
        if len(ours) == len(theirs):
            for one, other in zip(ours, theirs, strict=True):
                yield from self._one(path, one, other)
        else:
            yield self._other_type(path, sent, read)

    def _one(self, path: str, one: Json, other: Json) -> Iterator[Difference]:
        sent, read = resolved(one, self._sent), resolved(other, self._read)
        if sent.get("type") != read.get("type"):
            fits = (text(sent.get("type")), text(read.get("type"))) in _FITS
            yield self._other_type(path, sent, read, breaking=not fits)
            return
        if sent.get("format") != read.get("format"):
            yield self._other_type(path, sent, read, breaking="format" in read)
        yield from allowed(path, sent, read)
        yield from limits(path, sent, read)
        yield from self._fields(path, sent, read)
        yield from self._inside(path, sent, read)

    def _other_type(
        self, path: str, sent: Json, read: Json, *, breaking: bool = True
    ) -> Difference:
        there, here = words(sent, self._sent), words(read, self._read)
        return Difference(path, f"is sent as {there}, read as {here}", breaking)

    def _fields(self, path: str, sent: Schema, read: Schema) -> Iterator[Difference]:
        ours, theirs = mapping(sent.get("properties")), mapping(read.get("properties"))
        always, needed = required(sent), required(read)
        for name in dict.fromkeys([*ours, *theirs]):
            at = f"{path}.{segment(name)}" if path else segment(name)
            if name not in theirs:
                kind = "" if name in always else "optional and "
                yield Difference(at, f"is {kind}not known", breaking=False)
            elif name not in ours:
                problem = "is required, and not sent" if name in needed else "is not sent"
                yield Difference(at, problem, name in needed)
            else:
                if (name in always) != (name in needed):
                    missing = name in needed
                    problem = "is required, and may be missing" if missing else "is never missing"
                    yield Difference(at, problem, missing)
                yield from self.values(at, ours[name], theirs[name])

    def _inside(self, path: str, sent: Schema, read: Schema) -> Iterator[Difference]:
        for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(read.get(key), dict):
                yield from self.values(path + suffix, sent.get(key, _ANYTHING), read[key])
        ours, theirs = items(sent.get("prefixItems")), items(read.get("prefixItems"))
        if len(ours) != len(theirs):
            yield self._other_type(path, sent, read)
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from self.values(f"{path}[{number}]", one, other)


def _identity(schema: Json) -> str | int:
    """Tell one place of a document from the others; all that refer to one are the same."""
    return text(mapping(schema).get("$ref")) or id(schema)


def _anything(schema: Schema) -> bool:
    return not schema.keys() - DOCUMENTATION - {"default"}

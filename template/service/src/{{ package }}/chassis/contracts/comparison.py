"""What differs between the snapshot of a contract and its class, and whether that breaks anyone.

Streams keep what was published, and consumers are upgraded later: a new class reads old events,
and an old class new ones. Compatible is what both can live with.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from .findings import Finding, allowed, constraints, default, kind, parts, type_changed
from .schema import Schema, alternatives, resolved

_NULL = {"type": "null"}
_Seen = frozenset[tuple[str, str]]


def compare(snapshot: Schema, contract: Schema) -> list[Finding]:
    """What the class of today changes in what was agreed on.

    The names of nested classes are not on the wire, so they make no difference. Raises ValueError
    if the snapshot refers to what it does not have, and TypeError, AttributeError or LookupError
    if it is not built as a contract is.
    """
    was, now = snapshot["x-eventsmith"], contract["x-eventsmith"]
    identity = [
        Finding("", f"{name} changed", f"{was.get(name)} → {now[name]}")
        for name in ("type", "stream")
        if was.get(name) != now[name]
    ]
    comparison = _Comparison(snapshot.get("$defs", {}), contract.get("$defs", {}))
    return [*identity, *comparison.schemas("", snapshot, contract, frozenset())]


class _Comparison:
    """Walks through two schemas side by side. `seen` ends what refers to itself."""

    def __init__(self, was: Schema, now: Schema) -> None:
        self._was = was
        self._now = now

    def values(
        self, path: str, was: Schema, now: Schema, seen: _Seen, *, nullable: bool = True
    ) -> Iterator[Finding]:
        """Compare what may have alternatives, whose order is no matter; null is one of them."""
        old, new = alternatives(was, self._was), alternatives(now, self._now)
        if nullable and (_NULL in old) != (_NULL in new):
            yield Finding(path, "no longer nullable" if _NULL in old else "made nullable")
        old, new = ([one for one in side if one != _NULL] for side in (old, new))
        yield from self._nearest(path, old, new, seen)
        if len(old) != len(new):
            yield type_changed(path, was, now)

    def _nearest(
        self, path: str, old: Sequence[Schema], new: Sequence[Schema], seen: _Seen
    ) -> Iterator[Finding]:
        """Compare each alternative with the one it differs from least."""
        compared = {
            (i, j): list(self.schemas(path, old[i], new[j], seen))
            for i, j in product(range(len(old)), range(len(new)))
        }
        while compared:
            one, other = min(compared, key=lambda pair: _distance(compared[pair]))
            yield from compared[one, other]
            compared = {(i, j): compared[i, j] for i, j in compared if i != one and j != other}

    def schemas(self, path: str, was: Schema, now: Schema, seen: _Seen) -> Iterator[Finding]:
        """Compare what has no alternatives."""
        pair = (was.get("$ref", ""), now.get("$ref", ""))
        if all(pair) and pair in seen:
            return
        seen |= {pair}
        was, now = resolved(was, self._was), resolved(now, self._now)
        if kind(was) != kind(now):
            yield type_changed(path, was, now)
            return
        yield from allowed(path, was, now)
        yield from self._fields(path, was, now, seen)
        yield from self._parts(path, was, now, seen)
        yield from constraints(path, was, now)

    def _fields(self, path: str, was: Schema, now: Schema, seen: _Seen) -> Iterator[Finding]:
        old, new = was.get("properties", {}), now.get("properties", {})
        for name in old | new:
            at = f"{path}.{name}" if path else name
            needed, needs = (name in side.get("required", ()) for side in (was, now))
            if name not in new:
                yield Finding(at, "field removed")
            elif name not in old:
                rule = "required field added" if needs else "optional field added"
                closed = was.get("additionalProperties") is False
                yield Finding(at, rule, breaking=needs or closed)
            elif needed != needs:
                yield Finding(at, "made required" if needs else "made optional")
                yield from self.values(at, old[name], new[name], seen, nullable=False)
            else:
                yield from default(at, old[name], new[name])
                yield from self.values(at, old[name], new[name], seen)

    def _parts(self, path: str, was: Schema, now: Schema, seen: _Seen) -> Iterator[Finding]:
        for suffix, old, new in parts(was, now):
            if old is not False and new is not False:
                yield from self.values(path + suffix, _schema(old), _schema(new), seen)
            elif old != new:
                yield Finding(path, "closed to other fields" if old else "opened to other fields")


def _distance(findings: Sequence[Finding]) -> int:
    """How far two alternatives are from each other; those that break are no pair by themselves."""
    return sys.maxsize if any(found.breaking for found in findings) else len(findings)


def _schema(part: Any) -> Schema:
    return {} if part is True else part

"""What differs between the snapshot of a contract and its class, and whether that breaks anyone.

Streams keep what was published, and consumers are upgraded later: a new class reads old events,
and an old class new ones. Compatible is what both can live with.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from .findings import PARTS, Finding, allowed, constraints, default, kind
from .schema import Schema, alternatives, label, resolved

_NULL = {"type": "null"}
_Seen = frozenset[tuple[str, str]]


def compare(snapshot: Schema, contract: Schema) -> list[Finding]:
    """What the class of today changes in what was agreed on.

    The names of nested classes are not on the wire, so they make no difference. Raises ValueError
    if the snapshot refers to what it does not have.
    """
    was, now = snapshot["x-eventsmith"], contract["x-eventsmith"]
    identity = [
        Finding("", f"{name} changed", f"{was.get(name)} → {now[name]}")
        for name in ("type", "stream")
        if was.get(name) != now[name]
    ]
    comparison = _Comparison(snapshot.get("$defs", {}), contract.get("$defs", {}))
    return [*identity, *comparison.leaves("", snapshot, contract, frozenset())]


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
        for one in list(old) if len(old) + len(new) > 2 else ():
            nearest = self._nearest(path, one, new, seen)
            if nearest:
                old.remove(one)
                new.remove(nearest[0])
                yield from nearest[1]
        for one, other in zip(old, new, strict=False):
            yield from self.leaves(path, one, other, seen)
        if len(old) != len(new):
            yield Finding(path, "type changed", f"{label(was)} → {label(now)}")

    def _nearest(
        self, path: str, one: Schema, options: Sequence[Schema], seen: _Seen
    ) -> tuple[Schema, list[Finding]] | None:
        compared = [(option, list(self.leaves(path, one, option, seen))) for option in options]
        fitting = [pair for pair in compared if not any(found.breaking for found in pair[1])]
        return min(fitting, key=lambda pair: len(pair[1]), default=None)

    def leaves(self, path: str, was: Schema, now: Schema, seen: _Seen) -> Iterator[Finding]:
        """Compare what has no alternatives."""
        pair = (was.get("$ref", ""), now.get("$ref", ""))
        if all(pair) and pair in seen:
            return
        seen |= {pair}
        was, now = resolved(was, self._was), resolved(now, self._now)
        if kind(was) != kind(now):
            yield Finding(path, "type changed", f"{label(was)} → {label(now)}")
            return
        yield from allowed(path, was, now)
        yield from self._fields(path, was, now, seen)
        yield from self._nested(path, was, now, seen)
        yield from constraints(path, was, now)

    def _fields(self, path: str, was: Schema, now: Schema, seen: _Seen) -> Iterator[Finding]:
        old, new = was.get("properties", {}), now.get("properties", {})
        required = set(was.get("required", ())), set(now.get("required", ()))
        closed = was.get("additionalProperties") is False
        for name in old | new:
            at = f"{path}.{name}" if path else name
            needed = tuple(name in side for side in required)
            if name not in new:
                yield Finding(at, "field removed")
            elif name not in old:
                rule = "required field added" if needed[1] else "optional field added"
                yield Finding(at, rule, breaking=needed[1] or closed)
            elif needed[0] != needed[1]:
                yield Finding(at, "made required" if needed[1] else "made optional")
                yield from self.values(at, old[name], new[name], seen, nullable=False)
            else:
                yield from default(at, old[name], new[name])
                yield from self.values(at, old[name], new[name], seen)

    def _nested(self, path: str, was: Schema, now: Schema, seen: _Seen) -> Iterator[Finding]:
        for suffix, old, new in _parts(was, now):
            if old is not False and new is not False:
                yield from self.values(path + suffix, _schema(old), _schema(new), seen)
            elif old != new:
                rule = "closed to other fields" if old else "opened to other fields"
                yield Finding(path, rule)


def _parts(was: Schema, now: Schema) -> Iterator[tuple[str, Any, Any]]:
    """The schemas of items and of values: how a path goes on there, what was and what is."""
    for key, suffix in PARTS.items():
        if key in was or key in now:
            yield suffix, was.get(key, True), now.get(key, True)
    old, new = was.get("patternProperties", {}), now.get("patternProperties", {})
    for pattern in old | new:
        yield ".*", old.get(pattern, True), new.get(pattern, True)
    places = zip_longest(was.get("prefixItems", ()), now.get("prefixItems", ()), fillvalue=True)
    for number, (before, after) in enumerate(places):
        yield f"[{number}]", before, after


def _schema(part: Any) -> Schema:
    return {} if part is True else part

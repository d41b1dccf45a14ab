"""An example of an event's payload, made from its contract: always the same, and small."""

from eventsmith.catalog.schemas import (
    Schema,
    items,
    mapping,
    resolved,
    text,
    values,
    without_null,
)
from eventsmith.schema.model import Json

_DEEPEST = 6  # objects and lists within each other
_MOST = 200  # values in all
_LONGEST = 60  # characters of a text, even where the contract asks for more
_LISTED = 3  # items, the same
_TEXTS = {
    "uuid": "01930000-0000-7000-8000-000000000000",
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "time": "03:04:05Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "ipv4network": "192.0.2.0/24",
    "ipv6network": "2001:db8::/32",
    "ipv4interface": "192.0.2.1/24",
    "ipv6interface": "2001:db8::1/32",
    "uri": "https://example.com/",
    "base64": "dGV4dA==",
    "base64url": "dGV4dA==",
}


def example(contract: Schema) -> Json:
    """Return a payload that keeps to the contract, patterns and the largest sizes excepted."""
    return _Maker(contract).value(contract, "value", 0)


class _Maker:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MOST

    def value(self, schema: Json, name: str, depth: int) -> Json:
        """Return a value; `name` is what a text says."""
        self._left -= 1
        options, nullable = without_null(schema, self._root)
        here = resolved(options[0], self._root) if options else {}
        if depth > _DEEPEST or not options:
            return None if nullable or not options else {}
        if given := items(here.get("examples")) or values(here):
            return given[0]
        if "anyOf" in here or "oneOf" in here:
            return self.value(here, name, depth + 1)
        if here.get("type") == "array":
            return self._list(here, name, depth)
        return (
            self._object(here, name, depth) if here.get("type") == "object" else _scalar(here, name)
        )

    def _object(self, schema: Schema, name: str, depth: int) -> Json:
        fields = mapping(schema.get("properties"))
        made = {
            key: self.value(field, key, depth + 1)
            for key, field in fields.items()
            if self._left > 0
        }
        others = mapping(schema.get("additionalProperties"))
        return {"key": self.value(others, name, depth + 1)} if others and not fields else made

    def _list(self, schema: Schema, name: str, depth: int) -> Json:
        if places := items(schema.get("prefixItems")):
            return [self.value(place, name, depth + 1) for place in places if self._left > 0]
        least, most = _size(schema.get("minItems"), 1), _size(schema.get("maxItems"), _LISTED)
        count = min(max(least, 1), most, _LISTED)
        return [self.value(schema.get("items", {}), name, depth + 1) for _ in range(count)]


def _scalar(schema: Schema, name: str) -> Json:
    match schema.get("type"):
        case "string":
            return _string(schema, name)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
    return {}


def _string(schema: Schema, name: str) -> str:
    form = text(schema.get("format"))
    if form == "decimal":
        bounded = any(key.lower().endswith("minimum") for key in schema)
        return str(_number(schema if bounded else {**schema, "minimum": 12.5}))
    if form in _TEXTS:
        return _TEXTS[form]
    least, most = _size(schema.get("minLength"), 0), _size(schema.get("maxLength"), _LONGEST)
    return name.ljust(min(least, _LONGEST), "x")[: min(most, _LONGEST)]


def _size(value: Json, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _number(schema: Schema) -> int | float:
    """Return the least number allowed, else the largest, else one."""
    step = _bound(schema, "multipleOf") or 1
    low, above = _bound(schema, "minimum"), _bound(schema, "exclusiveMinimum")
    high, below = _bound(schema, "maximum"), _bound(schema, "exclusiveMaximum")
    found = low if low is not None else step
    if above is not None:
        found = max(found, above + step)
    if high is not None:
        found = min(found, high)
    if below is not None and found >= below:
        found = below - step if above is None or below - step > above else (above + below) / 2
    return found


def _bound(schema: Schema, key: str) -> int | float | None:
    value = schema.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None

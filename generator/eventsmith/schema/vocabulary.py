"""What JSON Schema, Python and Pydantic call the same things, and where Python finds them."""

STRINGS = {
    "base64": "Base64Bytes",
    "base64url": "Base64UrlBytes",
    "binary": "bytes",
    "date": "date",
    "date-time": "AwareDatetime",
    "decimal": "Decimal",
    "duration": "timedelta",
    "path": "Path",
    "time": "time",
    "uuid": "UUID",
    **{f"ipv{v}": f"IPv{v}Address" for v in "46"},
    **{f"ipv{v}interface": f"IPv{v}Interface" for v in "46"},
    **{f"ipv{v}network": f"IPv{v}Network" for v in "46"},
    **{f"uuid{version}": f"UUID{version}" for version in "1345678"},
}
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
PYTHON = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}

BOUNDS = {
    "minimum": "ge",
    "exclusiveMinimum": "gt",
    "maximum": "le",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
_DIGITS = {"x-max-digits": "max_digits", "x-decimal-places": "decimal_places"}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
LIMITS = {
    "int": BOUNDS,
    "float": BOUNDS,
    "Decimal": BOUNDS | _DIGITS,
    "str": _LENGTHS | {"pattern": "pattern"},
    **dict.fromkeys(("bytes", "Base64Bytes", "Base64UrlBytes"), _LENGTHS),
}
SIZE_OF_LIST = {"minItems": "min_length", "maxItems": "max_length"}
SIZE_OF_TABLE = {"minProperties": "min_length", "maxProperties": "max_length"}

# Where the names that generated code may use come from.
MODULES = {
    **dict.fromkeys(("date", "time", "timedelta"), "datetime"),
    "Decimal": "decimal",
    **dict.fromkeys(("Enum", "IntEnum", "StrEnum"), "enum"),
    **{
        f"IPv{v}{kind}": "ipaddress" for v in (4, 6) for kind in ("Address", "Interface", "Network")
    },
    "Path": "pathlib",
    **dict.fromkeys(("Annotated", "Any", "Literal"), "typing"),
    "UUID": "uuid",
    **dict.fromkeys(("AwareDatetime", "BaseModel", "ConfigDict", "Field", "JsonValue"), "pydantic"),
    **dict.fromkeys(("Base64Bytes", "Base64UrlBytes"), "pydantic"),
    **{f"UUID{version}": "pydantic" for version in (1, 3, 4, 5, 6, 7, 8)},
    "SkipJsonSchema": "pydantic.json_schema",
}
# What the template imports for every event: where from is its own business, and never recorded.
CHASSIS = {"DomainEvent", "event"}
BUILTINS = {"bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"}

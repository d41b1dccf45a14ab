"""JSON values as Python: the only way in which text from a schema enters code."""

from eventsmith.schema.expressions import Bracketed, Expression, Labelled, Text
from eventsmith.schema.model import Json


def literal(value: Json) -> Expression:
    """Return `value` as Python writes it."""
    match value:
        case str():
            return Text(quoted(value))
        case list():
            return Bracketed("[", tuple(map(literal, value)), "]")
        case dict():
            pairs = ((f"{quoted(key)}: ", literal(inner)) for key, inner in value.items())
            return Bracketed("{", tuple(Labelled(*pair) for pair in pairs), "}")
        case float():
            return Text(repr(value).replace("e+", "e"))
    return Text(repr(value))


def quoted(text: str) -> str:
    """Return `text` as a string of ASCII, in the quotes that `ruff format` prefers."""
    if _reads_best_raw(text):
        return f'r"{text}"'
    escaped = text.encode("unicode_escape").decode()
    quote = "'" if escaped.count('"') > escaped.count("'") else '"'
    return quote + escaped.replace(quote, f"\\{quote}") + quote


def _reads_best_raw(text: str) -> bool:
    printable = text.isascii() and text.isprintable()
    return printable and "\\" in text and '"' not in text and not text.endswith("\\")

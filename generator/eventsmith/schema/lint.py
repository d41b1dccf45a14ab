"""What a service's linter would hold against lines that cannot be different, and the answer."""

import ast
import re

_WIDTH = 100
_LITERAL = re.compile(r"""r?"(?:[^"\\]|\\.)*"|r?'(?:[^'\\]|\\.)*'""")
_SECRET = re.compile(r"(^|_)(pas+wo?r?d|pass(phrase)?|pwd|token|secrete?)($|_)", re.IGNORECASE)
_ANYWHERE = "0.0.0.0"  # noqa: S104 - the name of an address, bound by nobody
_TEMPORARY = ("/dev/shm", "/tmp", "/var/tmp")  # noqa: S108 - as little used as those


def suspicious(line: str) -> list[str]:
    """Return the rules that strings in the line look like breaking."""
    values = [str(ast.literal_eval(match[0])) for match in _LITERAL.finditer(line)]
    anywhere = _ANYWHERE in values
    temporary = any(value.startswith(_TEMPORARY) for value in values)
    return ["S104"] * anywhere + ["S108"] * temporary


def silenced(statement: str, *, assigns_text_to: str = "") -> str:
    """Return the statement, with a comment on each line that would be reported for its content."""
    lines = statement.split("\n")
    codes = [["E501"] * _too_long(line) + suspicious(line) for line in lines]
    if _SECRET.search(assigns_text_to):
        last = max(number for number, line in enumerate(lines) if _LITERAL.search(line))
        codes[last].append("S105")
    return "\n".join(
        f"{line}  # noqa: {', '.join(sorted(found))}" if found else line
        for line, found in zip(lines, codes, strict=True)
    )


def _too_long(line: str) -> bool:
    """Tell whether the linter minds: not a line of one word, nor one that ends with a URL."""
    words = line.split()
    if len(line) <= _WIDTH or len(words) == 1:
        return False
    return "://" not in words[-1] or len(line) - len(words[-1]) > _WIDTH

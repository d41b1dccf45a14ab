"""Python expressions: the few kinds that a contract needs."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """What is never broken: a name, a number, a string."""

    text: str


@dataclass(frozen=True, slots=True)
class Bracketed:
    """A call, a subscript or a display, such as `Field(…)`, `list[…]`, `[…]`."""

    opening: str
    items: tuple["Expression", ...]
    closing: str

    @property
    def is_display(self) -> bool:
        """Displays put each item on a line of its own, as soon as one line is too short."""
        return len(self.opening) == 1


@dataclass(frozen=True, slots=True)
class Either:
    """A union, `A | B`."""

    options: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A keyword argument or an entry of a dict: `alias="…"`, `"sku": …`."""

    label: str
    value: "Expression"


Expression: TypeAlias = Text | Bracketed | Either | Labelled


def flat(expression: Expression) -> str:
    """Return `expression` on one line."""
    match expression:
        case Text(text):
            return text
        case Bracketed(opening, items, closing):
            return opening + ", ".join(map(flat, items)) + closing
        case Either(options):
            return " | ".join(map(flat, options))
        case Labelled(label, value):
            return label + flat(value)

"""Lines are laid out as `ruff format` would, so that what is written needs no formatter."""

import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from eventsmith.schema.expressions import Bracketed, Either, Expression, Labelled, Text
from eventsmith.schema.layout import statement
from eventsmith.schema.literals import literal, quoted

RUFF = Path(sys.executable).with_name("ruff")


def sized(start: str, longest: int) -> st.SearchStrategy[str]:
    return st.integers(1, longest).map(lambda size: start + "x" * size)


def call(function: str, arguments: list[tuple[str, Expression]]) -> Expression:
    return Bracketed(f"{function}(", tuple(Labelled(f"{k}=", v) for k, v in arguments), ")")


strings = sized("", 110).map(literal)
numbers = st.integers(-(10**40), 10**40).map(literal)
values = st.recursive(
    strings | numbers,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda items: Bracketed("[", tuple(items), "]")),
        st.lists(st.tuples(sized("", 50), inner), max_size=3).map(
            lambda pairs: Bracketed(
                "{", tuple(Labelled(f"{quoted(k)}: ", v) for k, v in pairs), "}"
            )
        ),
    ),
    max_leaves=5,
)
fields = st.lists(st.tuples(sized("k", 12), values), min_size=1, max_size=4).map(
    lambda arguments: call("Field", arguments)
)


def generic(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(
        inner.filter(lambda one: not isinstance(one, Either)), min_size=2, max_size=4
    )
    return st.one_of(
        inner.map(lambda one: Bracketed("list[", (one,), "]")),
        inner.map(lambda one: Bracketed("dict[", (Text("str"), one), "]")),
        st.tuples(inner, fields).map(lambda pair: Bracketed("Annotated[", pair, "]")),
        several.map(lambda options: Either(tuple(options))),
    )


literals = st.lists(strings, min_size=1, max_size=5).map(
    lambda found: Bracketed("Literal[", tuple(found), "]")
)
annotations = st.recursive(sized("A", 50).map(Text) | literals, generic, max_leaves=5)
# Lists and dicts never stand alone: they are the default of a field.
right_sides = st.one_of(st.none(), strings, numbers, sized("Color.R", 90).map(Text), fields)
statements = st.builds(statement, sized("n", 60), annotations, right_sides)


@given(lines=st.lists(statements, min_size=1, max_size=40))
@settings(deadline=None)
def test_lines_are_as_the_formatter_leaves_them(lines: list[str]) -> None:
    module = "\n".join(["class Line:", *lines]) + "\n"

    done = subprocess.run(
        [RUFF, "format", "--isolated", "--line-length", "100", "-"],
        input=module,
        capture_output=True,
        text=True,
        check=True,
    )

    assert module == done.stdout


@given(text=st.text())
@settings(deadline=None)
def test_text_enters_code_as_one_printable_literal(text: str) -> None:
    written = quoted(text)

    assert eval(written) == text  # noqa: S307 - what it is to Python
    assert written.isascii()
    assert written.isprintable()

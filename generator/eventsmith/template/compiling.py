"""Lets Jinja compile each text once: Copier has it compiled anew for every use and every render."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_compiled: dict[tuple[object, ...], Any] = {}


@contextmanager
def each_text_once() -> Iterator[None]:
    """Keep what is compiled, for environments of the same syntax; most of a render is compiling."""
    from jinja2 import Environment  # noqa: PLC0415 - slow

    def once(self: Environment, source: Any, *args: Any, **extra: Any) -> Any:  # noqa: ANN401
        key = (self.lexer, *self.extensions, source, *args, *extra.items())
        if key not in _compiled:
            _compiled[key] = compile_anew(self, source, *args, **extra)
        return _compiled[key]

    compile_anew = Environment.compile
    Environment.compile = once  # type: ignore[method-assign]
    try:
        yield
    finally:
        Environment.compile = compile_anew  # type: ignore[method-assign]

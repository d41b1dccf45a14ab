"""The imports in a service's files that lead to what the template has moved; pure functions."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from eventsmith.updating.moves import Gone, Moves

_Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True)
class Outdated:
    """A statement of a file, at the line where it begins, that imports what is there no more.

    `new` takes its place: several statements with semicolons between them, or none if all that it
    imports is gone. `advice` says what to do in place of what is gone.
    """

    path: str
    line: int
    old: str
    new: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f"{'; but ' if self.new else ''}{self.advice}" if self.advice else ""
        return f"{self.path}:{self.line}: {self.old} → {self.new}{advice}"


def outdated(texts: Mapping[str, bytes], paths: Iterable[str], moves: Moves) -> list[Outdated]:
    """Return the imports in `texts`, by path, that have to change; `paths` are all of the service.

    What is no Python, or has the markers of a conflict in it, is passed over.
    """
    present = {_module(path) for path in paths if path.endswith(".py")}
    found: list[Outdated] = []
    for path, text in sorted(texts.items()):
        with suppress(ValueError, SyntaxError):
            found += _File(path, moves, present).outdated(ast.parse(text))
    return found


def _module(path: str) -> str:
    """Return what Python calls the file at `path`."""
    parts = PurePosixPath(path.removeprefix("src/")).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the service; `present` are the modules that the service has."""

    path: str
    moves: Moves
    present: Collection[str]

    def outdated(self, tree: ast.Module) -> Iterator[Outdated]:
        """Yield the statements to change, in the order of their lines."""
        nodes = [node for node in ast.walk(tree) if isinstance(node, _Import)]
        for node in sorted(nodes, key=lambda node: node.lineno):
            spelled, advice = self._plain(node) if isinstance(node, ast.Import) else self._of(node)
            old, new = ast.unparse(node), "; ".join(spelled)
            if new != old:
                yield Outdated(self.path, node.lineno, old, new, "; ".join(advice))

    def _plain(self, node: ast.Import) -> tuple[list[str], list[str]]:
        """Return what becomes of `import a.b as c`, and advice."""
        spelled, advice = list[str](), list[str]()
        for alias in node.names:
            place = self.moves.of_module(alias.name, self.present)
            if isinstance(place, Gone):
                advice.append(place.advice)
            else:
                spelled.append(ast.unparse(ast.alias(place or alias.name, alias.asname)))
        return [f"import {', '.join(spelled)}"] if spelled else [], advice

    def _of(self, node: ast.ImportFrom) -> tuple[list[str], list[str]]:
        """Return what becomes of `from a import b, c`, and advice; names may part."""
        groups, advice = dict[str, list[str]](), dict[str, None]()
        module = self._absolute(node)
        for alias in node.names:
            place = self.moves.of_name(module, alias.name, self.present)
            if isinstance(place, Gone):
                advice[place.advice] = None
                continue
            home, _, name = (place or f"{module}.{alias.name}").rpartition(".")
            called = alias.asname or alias.name
            shown = name if name == called else f"{name} as {called}"
            spelled = self._spelled(home, node) if place else _as_written(node)
            groups.setdefault(spelled, []).append(shown)
        return [f"from {home} import {', '.join(names)}" for home, names in groups.items()], [
            *advice
        ]

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        home = self._home[: len(self._home) - node.level + 1]
        return ".".join([*home, *([node.module] if node.module else [])])

    def _spelled(self, module: str, node: ast.ImportFrom) -> str:
        """Return a module as the file would write it: relative where it did so before."""
        home, parts = self._home, module.split(".")
        if not node.level or home[:1] != parts[:1]:
            return module
        same = 0
        while same < min(len(home), len(parts)) and home[same] == parts[same]:
            same += 1
        return "." * (len(home) - same + 1) + ".".join(parts[same:])

    @property
    def _home(self) -> list[str]:
        """The package that the file lies in."""
        module = _module(self.path).split(".")
        return module if self.path.endswith("/__init__.py") else module[:-1]


def _as_written(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")

"""The imports of a module, in the order in which ruff sorts them."""

from collections.abc import Iterable

from eventsmith.schema.layout import STEP, WIDTH
from eventsmith.schema.vocabulary import MODULES


def imports(names: Iterable[str]) -> str:
    """Return the lines that import `names`: the standard library's, then Pydantic's."""
    modules: dict[str, list[str]] = {}
    for name in names:
        modules.setdefault(MODULES[name], []).append(name)
    groups: tuple[list[str], list[str]] = ([], [])
    for module in sorted(modules):
        groups[module.startswith("pydantic")].append(_import(module, modules[module]))
    return "\n\n".join("\n".join(group) for group in groups if group)


def _import(module: str, names: Iterable[str]) -> str:
    """Return one import: constants, then classes, then the others."""
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"{STEP}{name},\n" for name in ordered) + ")"

"""Keeps template/taken_names.jinja: names that a service, its aggregate or a field cannot have.

python tests/forbidden_names.py              list what is missing there, and exit 1
python tests/forbidden_names.py --write      add it

Run it by a generated service's own interpreter to hold the list against what that service
installs: it needs no package for that. Writing needs Copier, for the names in the sample's code.
"""

import ast
import builtins
import keyword
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

ROOT = Path(__file__).parents[1]
TAKEN_NAMES = ROOT / "template" / "taken_names.jinja"
CONSTRAINTS = ROOT / "constraints.txt"

# Python 3.14 is supported, and seldom the one that runs this.
NEW_IN_3_14 = {"annotationlib", "compression"}

# An aggregate whose names occur nowhere else.
MARKER = "Zzyzx"

HEADER = """\
{#- Names a service, its aggregate or a field of an event cannot have, in the snake_case they would
    take there. Written by tests/forbidden_names.py; the rules are in names.jinja. -#}
"""


def folded(name: str) -> str:
    """Fold spellings that collide as slug, module or command: 'Mako-Render' is mako_render."""
    return re.sub(r"[-._]+", "_", name).lower()


def snake(name: str) -> str:
    """Return the variable that an aggregate called `name` becomes; UUID could be none's name."""
    pascal = re.fullmatch(r"([A-Z][a-z0-9]+)+", name)
    return re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower() if pascal else name


def usable(names: Iterable[str]) -> set[str]:
    """Return those of `names` that a service or an aggregate could have."""
    return {name for name in names if re.fullmatch(r"[a-z][a-z0-9_]*", name)}


def of_python() -> dict[str, set[str]]:
    """Return what this Python itself has taken."""
    return {
        "keywords": usable(word.lower() for word in keyword.kwlist),
        "builtins": usable(map(snake, dir(builtins))),
        "standard_library": usable(sys.stdlib_module_names) | NEW_IN_3_14,
    }


def installed() -> set[str]:
    """Return the pinned distributions, and the modules and commands of those found here."""
    pins = CONSTRAINTS.read_text("utf-8").splitlines()
    pinned = {folded(pin.split("==")[0]) for pin in pins}
    names = set(pinned)
    for module, owners in metadata.packages_distributions().items():
        if pinned & set(map(folded, owners)):
            names.add(folded(module))
    for distribution in metadata.distributions():
        if folded(distribution.name) in pinned:
            scripts = distribution.entry_points.select(group="console_scripts")
            programs = [file for file in distribution.files or () if file.match("../bin/*")]
            names |= {folded(command.name) for command in (*scripts, *programs)}
    return usable(names)


def event_attributes() -> set[str]:
    """Return what an event has before it has fields of its own."""
    from pydantic import BaseModel  # noqa: PLC0415 - the command line does without it

    base = next(ROOT.glob("template/service/src/*/chassis/messaging/events.py")).read_text("utf-8")
    event = next(
        node
        for node in ast.parse(base).body
        if isinstance(node, ast.ClassDef) and node.name == "DomainEvent"
    )
    own = {name for node in event.body for name in _names_of(node)}
    return usable(own | set(dir(BaseModel)))


def sample() -> set[str]:
    """Return the names that the sample's code uses beside those made from its aggregate."""
    from copier import run_copy  # noqa: PLC0415 - a generated service has no Copier

    with TemporaryDirectory() as scratch:
        template, project = Path(scratch, "template"), Path(scratch, "project")
        template.mkdir()
        shutil.copy(ROOT / "copier.yml", template)
        shutil.copytree(ROOT / "template", template / "template")
        answers = {"aggregate": MARKER}
        run_copy(str(template), project, data=answers, defaults=True, quiet=True)
        used = {snake(name) for path in project.rglob("*.py") for name in _used_beside(path)}
    python = of_python()
    # An aggregate's test is named by its plural, so Delivery has nothing to do with test_delivery.
    return usable(used) - python["keywords"] - python["builtins"] - {"delivery"}


def _used_beside(path: Path) -> Iterator[str]:
    """Yield the names in a file that knows the aggregate, and of the files beside its own."""
    stem, aggregate = path.stem, rf"{MARKER.lower()}(es)?"
    if re.search(aggregate, stem):
        pattern = re.sub(aggregate, r"([a-z_]+)", stem)
        siblings = (re.fullmatch(pattern, sibling.stem) for sibling in path.parent.glob("*.py"))
        yield from (match[1] for match in siblings if match and MARKER.lower() not in match[1])
    source = path.read_text("utf-8")
    # The tests know the aggregate by its event and its plural alone, which are names of their own.
    if MARKER.lower() in source.lower() and not stem.startswith("test_"):
        yield from (name for name in _names(source) if MARKER.lower() not in name.lower())


def _names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.ClassDef(name=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.alias():
                yield node.asname or node.name.partition(".")[0]


def _names_of(member: ast.stmt) -> Iterator[str]:
    match member:
        case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def recorded() -> dict[str, set[str]]:
    """Return the lists in template/taken_names.jinja."""
    text = TAKEN_NAMES.read_text("utf-8") if TAKEN_NAMES.exists() else ""
    return {name: set(words.split()) for name, words in re.findall(r"set (\w+) = '([^']*)'", text)}


def missing(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return what was found and is in no list yet."""
    lists = recorded()
    return {name: words - lists.get(name, set()) for name, words in found.items()}


def write(found: dict[str, set[str]]) -> None:
    """Add what was found; lists that are seen whole from everywhere are replaced."""
    text = HEADER
    replaced: dict[str, set[str]] = {"sample": set(), "event_attributes": set()}
    for name, words in (recorded() | replaced).items():
        block = fill(" ".join(sorted(words | found[name])), 96)
        text += f"{{%- set {name} = '\n{block}\n'.split() -%}}\n"
    TAKEN_NAMES.write_text(text, "utf-8")


def main() -> int:
    """Compare, or with --write add what is missing."""
    found = {**of_python(), "installed": installed()}
    if "--write" in sys.argv:
        write({**found, "sample": sample(), "event_attributes": event_attributes()})
        return 0
    lacking = missing(found)
    for name, words in lacking.items():
        if words:
            print(f"{name}: {' '.join(sorted(words))}")
    return int(any(lacking.values()))


if __name__ == "__main__":
    sys.exit(main())

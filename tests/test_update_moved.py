"""The imports that an update names: what has moved, where it is now, and whose lines they are."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import older
from conftest import ROOT, git
from eventsmith.updating import moves
from eventsmith.updating.imports import outdated
from growing import Grown, Template

TOLD = """\
moved:
  <package>.pipe.relay: <package>.chassis.relay
  <package>.eventing: <package>.chassis
  <package>.db: <package>.chassis.db
  <package>.db.Base: <package>.chassis.Base
  <package>.errors.fail: <package>.chassis.errors.refuse
  <package>.operating: <package>.chassis.cli
  tests.pipe: <package>.chassis.testing.pipe
gone:
  <package>.settings.load_settings: call service.load_settings()
"""
Named = Callable[..., list[str]]


@pytest.fixture
def named(tmp_path_factory: pytest.TempPathFactory) -> Named:
    """Return what is told of one file of a service, without the path."""
    folder = tmp_path_factory.mktemp("told")
    (folder / "template").mkdir()
    (folder / "template/moved.yml").write_text(TOLD)
    told = moves.read(folder, "shop")

    def tell(text: str, path: str = "src/shop/api/carts.py", *others: str) -> list[str]:
        found = outdated({path: text.encode()}, [path, *others], told)
        return [str(each).removeprefix(f"{path}:") for each in found]

    return tell


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from ..eventing import Retry, event", "from ..chassis import Retry, event"),
        ("from shop.eventing import event", "from shop.chassis import event"),
        ("from ..db import Base", "from ..chassis import Base"),
        ("from ..db import Base as B", "from ..chassis import Base as B"),
        (
            "from ..db import Base, connect",
            "from ..chassis import Base; from ..chassis.db import connect",
        ),
        ("from .. import db", "from ..chassis import db"),
        ("from .. import db, models", "from ..chassis import db; from .. import models"),
        ("from ..pipe import relay", "from ..chassis import relay"),
        ("from ..pipe.relay import Relay", "from ..chassis.relay import Relay"),
        ("from ..errors import fail", "from ..chassis.errors import refuse as fail"),
        ("from ..errors import fail as f", "from ..chassis.errors import refuse as f"),
        ("from ..operating.texts import line", "from ..chassis.cli.texts import line"),
        ("from ..eventing import *", "from ..chassis import *"),
        ("import shop.db", "import shop.chassis.db"),
        ("import json, shop.db as d", "import json, shop.chassis.db as d"),
    ],
)
def test_an_import_is_told_as_the_file_writes_it(named: Named, old: str, new: str) -> None:
    assert named(f"import json\n{old}\n") == [f"2: {old} → {new}"]


def test_a_module_in_the_package_itself_has_a_shorter_way(named: Named) -> None:
    assert named("from .db import Base\n", "src/shop/models.py") == [
        "1: from .db import Base → from .chassis import Base"
    ]
    assert named("from .eventing import event\n", "src/shop/__init__.py") == [
        "1: from .eventing import event → from .chassis import event"
    ]


def test_tests_come_to_the_kit_from_outside(named: Named) -> None:
    path = "tests/events/test_sent.py"
    line = "1: from ..pipe import Pipe → from shop.chassis.testing.pipe import Pipe"
    assert named("from ..pipe import Pipe\n", path) == [line]
    assert named("from ..pipe import Pipe\n", path, "tests/pipe.py") == []


def test_what_is_gone_is_told_with_what_to_do(named: Named) -> None:
    assert named("from ..settings import load_settings\n") == [
        "1: from ..settings import load_settings → call service.load_settings()"
    ]
    assert named("from ..settings import Settings, load_settings\n") == [
        (
            "1: from ..settings import Settings, load_settings → from ..settings import Settings; "
            "but call service.load_settings()"
        )
    ]


def test_an_import_over_several_lines_and_within_a_function_is_told_too(named: Named) -> None:
    text = "def f():\n    from ..eventing import (\n        Retry,  # why\n        event,\n    )\n"
    assert named(text) == [
        "2: from ..eventing import Retry, event → from ..chassis import Retry, event"
    ]


def test_what_is_still_there_has_not_moved(named: Named) -> None:
    assert (
        named(
            "from ..operating.mine import f\n",
            "src/shop/api/carts.py",
            "src/shop/operating/mine.py",
        )
        == []
    )
    assert (
        named(
            "from ..operating import mine\n", "src/shop/api/carts.py", "src/shop/operating/mine.py"
        )
        == []
    )
    assert named("from . import relay\n", "src/shop/pipe/mine.py") == [
        "1: from . import relay → from ..chassis import relay"
    ]
    assert named("from .db import connect\nfrom ..dbs import x\nimport json\n") == []


def test_what_is_no_python_is_passed_over(named: Named) -> None:
    assert named("<<<<<<< yours\nfrom ..eventing import event\n") == []
    assert named("from ..eventing import event\n\0") == []


@pytest.fixture
def moved(template: Template, grown: Grown) -> Grown:
    """Return a service with imports of its own; the next release moves the relay."""
    grown.write("src/shop/api/carts.py", "from ..pipe.relay import Relay\n")
    grown.write("src/shop/api/other.py", "from .carts import Relay\n")
    grown.commit("Add modules")
    template.move("src/{{ package }}/pipe/relay.py", "src/{{ package }}/chassis/relay.py")
    template.write("template/moved.yml", TOLD)
    template.release("v1.1.0")
    return grown


LINE = "src/shop/api/carts.py:1: from ..pipe.relay import Relay → from ..chassis.relay import Relay"


def test_an_update_names_the_lines_and_leaves_them_alone(moved: Grown) -> None:
    result = moved.update()

    assert result.exit_code == 0, result.output
    assert f"1 import of yours to change, for what has moved:\n  {LINE}\n" in result.stdout
    assert "When that is done:\n  git" in result.stdout
    assert moved.read("src/shop/api/carts.py") == "from ..pipe.relay import Relay\n"


def test_a_dry_run_names_them_too(moved: Grown) -> None:
    result = moved.update("--dry-run")

    assert result.exit_code == 0
    assert f"note: this import would have to change: {LINE}\n" in result.stderr


def test_an_update_without_moves_says_nothing_of_them(template: Template, grown: Grown) -> None:
    template.write("news.txt", "news\n")
    template.release("v1.1.0")

    assert "import" not in grown.update().stdout


def modules_of(folder: Path) -> dict[str, Path]:
    """Return the modules of a service, as Python names them."""
    files = [*(folder / "src").rglob("*.py"), *(folder / "tests").rglob("*.py")]
    names = (file.relative_to(folder).as_posix().removeprefix("src/") for file in files)
    return {dotted(name): file for name, file in zip(names, files, strict=True)}


def dotted(name: str) -> str:
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def names_in(file: Path) -> Iterator[str]:
    """Yield what can be imported from a module."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.Name(name, ast.Store()):
                yield name
            case ast.alias(name, called):
                yield called or name


def test_each_new_place_is_there(untouched: Path) -> None:
    modules = modules_of(untouched)
    places = moves.read(ROOT, "shop").moved

    def is_there(place: str) -> bool:
        home, _, name = place.rpartition(".")
        return place in modules or (home in modules and name in names_in(modules[home]))

    assert {old: new for old, new in places.items() if not is_there(new)} == {}


def test_each_module_from_before_the_chassis_was_one_folder_is_told_of(untouched: Path) -> None:
    older.need()
    present, told = modules_of(untouched), moves.read(ROOT, "shop")
    folder = "template/service"
    listed = git(ROOT, "ls-tree", "-r", "-z", "--name-only", older.COMMIT, "--", folder)
    paths = (path.removeprefix(f"{folder}/") for path in listed.split("\0"))
    plain = (path.replace("{{ package }}", "shop").removesuffix(".jinja") for path in paths)
    kit = ("tests/conftest.py", "tests/unit/", "tests/integration/", "tests/failpoints/")
    wanted = [
        dotted(path.removeprefix("src/"))
        for path in plain
        if path.startswith(("src/", "tests/")) and path.endswith(".py") and "{" not in path
        if not path.startswith((*kit, "tests/chaos/")) and "/migrations/" not in path
    ]

    places = {module: told.of_module(module, present) for module in wanted}

    lost = [module for module, place in places.items() if place is None and module not in present]
    assert set(lost) <= {"shop.models", "tests", "tests.events"}  # which are the owner's
    wrong = {old: new for old, new in places.items() if isinstance(new, str) and new not in present}
    assert wrong == {}

"""Every mutation still fits: its patch applies, its row and its test exist, and go together."""

import ast
import re
import shutil
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from mutations.patches import Mutation, mutations, read
from rendering import MAIN, Rendered, render
from running import SUITE

MUTATIONS = {mutation.name: mutation for mutation in mutations()}


@pytest.fixture(scope="module")
def service(copie_session: Copie) -> Rendered:
    return render(copie_session, "default", MAIN["default"])


@pytest.fixture(params=MUTATIONS)
def mutation(request: pytest.FixtureRequest) -> Mutation:
    return MUTATIONS[request.param]


def test_its_patch_applies_and_leaves_python(
    mutation: Mutation, service: Rendered, tmp_path: Path
) -> None:
    chassis = shutil.copytree(service.folder / "src/orders/chassis", tmp_path / "chassis")

    mutation.apply(chassis)

    changed = [path for path in chassis.rglob("*.py") if not same(path, service, tmp_path)]
    for path in changed:
        compile(path.read_text("utf-8"), path, "exec", dont_inherit=True)


def same(path: Path, service: Rendered, copied: Path) -> bool:
    name = path.relative_to(copied).as_posix()
    return service.files[f"src/orders/{name}"] == path.read_text("utf-8")


def test_its_test_exists(mutation: Mutation) -> None:
    file, _, name = mutation.test.partition("::")
    module = ast.parse((SUITE / file).read_text("utf-8"))

    assert name in {
        node.name
        for node in module.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


def test_its_row_names_its_test(mutation: Mutation, service: Rendered) -> None:
    rows = re.findall(
        r"^\| (.+?) \| .+? \| (.+) \|$", service.files["docs/delivery.md"], re.MULTILINE
    )
    tests = {failure: re.findall(r"`(\w+)`", proof) for failure, proof in rows}

    assert mutation.test.rpartition("::")[2] in tests[mutation.row]


def test_a_patch_without_its_row_is_refused(tmp_path: Path) -> None:
    patch = tmp_path / "some.patch"
    patch.write_text("Test: a.py::test_b\n--- a/x.py\n+++ b/x.py\n")

    with pytest.raises(ValueError, match=r"some\.patch has no line Row:"):
        read(patch)

"""The template's own source stays readable: little Jinja, portable file names."""

import re

from conftest import ROOT

TEMPLATE = ROOT / "template"
FILES = sorted(path for path in TEMPLATE.rglob("*") if path.is_file())
# What parts/ and the macros hold is a program that writes; these are what it writes.
RENDERED = [path for path in FILES if path.relative_to(TEMPLATE).parts[0] in {"service", "event"}]
BRANCH = re.compile(r"\{%[-+]?\s*(if|elif|else|for)\b")


def branches(text: str) -> int:
    return len(BRANCH.findall(text))


def test_has_few_branches() -> None:
    texts = [path.read_text("utf-8") for path in RENDERED]
    lines = sum(len(text.splitlines()) for text in texts)

    assert sum(map(branches, texts)) <= 2 * lines / 100


def test_no_module_has_more_than_three_branches() -> None:
    crowded = {
        path.relative_to(TEMPLATE).as_posix(): count
        for path in RENDERED
        if path.name.endswith((".py", ".py.jinja"))
        if (count := branches(path.read_text("utf-8"))) > 3
    }

    assert crowded == {}


def test_file_names_work_on_every_system() -> None:
    odd = [path for path in FILES if re.search(r'[<>:"|?*\\]', str(path.relative_to(ROOT)))]

    assert odd == []


def test_copier_yml_asks_for_no_trust() -> None:
    text = (ROOT / "copier.yml").read_text("utf-8")
    for setting in (
        "_tasks",
        "_migrations",
        "_jinja_extensions",
        "_external_data",
        "_answers_file",
    ):
        assert f"\n{setting}:" not in text

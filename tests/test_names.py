"""Names are checked where they enter, and the default slug of any project name is good."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

import forbidden_names

ROOT = Path(__file__).parents[1]

BAD_SLUGS = [
    *("", "123", "../x", "a--b", "-a", "a-", "a_b", "a.b", "orders\n", "\norders", "Orders"),
    *("my orders", "café", "🚀", "x" * 200, "x" * 41, "class", "none", "json", "annotationlib"),
    *("redis", "click", "pytest", "py-test", "mako-render", "typing-extensions", "pyyaml", "yaml"),
    *("tests", "migrations", "contracts", "deploy", "src", "docs", "postgres", "python", "con"),
]
GOOD_SLUGS = ["user-profile", "billing", "orders", "x", "a1-b2", "x" * 40, "match", "case"]

BAD_AGGREGATES = [
    *("", "123", "order", "Orders Item", "Order-Item", "Order\n", "HTTPRequest", "Café", "🚀"),
    *("A", "X" * 200, "Class", "None", "List", "Set", "Type", "Id", "Byte", "Property"),
    *("Metric", "Doc", "Op", "Customer", "CustomerTotal", "Decimal", "Datetime", "DomainEvent"),
    *("Base", "BaseModel", "UnitOfWork", "Uow", "DeadLetter", "Outbox", "OutboxSent", "Inbox"),
    *("Event", "Handler", "HandledType", "Settings", "Mapped", "Any", "App", "Con"),
    *("Exception", "Warning"),
]
GOOD_AGGREGATES = {
    "Order": "orders",
    "UserProfile": "user_profiles",
    "Invoice": "invoices",
    "Status": "statuses",
    "Category": "categories",
    "Day": "days",
    "Match": "matches",
    "Case": "cases",
    "Analysis": "analyses",
    "Address": "addresses",
    "Box": "boxes",
    "B2bContract": "b2b_contracts",
}
PROJECT_NAMES = [
    *(
        "",
        " ",
        "🚀",
        "Class",
        "json",
        "123 go",
        "3D Printing",
        "Redis",
        "x" * 200,
        "приве́т",
        "日本",
    ),
    *("Ünïcode Größe", "a\nb", "../x", "---", "CON", "x" * 31 + " redis", "Kelvin K"),
]


@pytest.fixture(scope="module")
def names() -> Any:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        undefined=StrictUndefined,
    )
    return environment.get_template("template/names.jinja").module


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the questions and the rules without git and files: quick to ask."""
    copy = tmp_path_factory.mktemp("template")
    shutil.copy(ROOT / "copier.yml", copy)
    for kind in ("service", "event"):
        folder = copy / "template" / kind
        folder.mkdir(parents=True)
        answers = "{{ _copier_conf.answers_file }}.jinja"
        shutil.copy(ROOT / "template" / kind / answers, folder)
    for rules in (ROOT / "template").glob("*.jinja"):
        shutil.copy(rules, copy / "template")
    return copy


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(template: Path, tmp_path: Path) -> Ask:
    def answers(answers_file: str | None = None, **data: object) -> dict[str, Any]:
        project = tmp_path / "project"
        run_copy(
            str(template),
            project,
            data=data,
            answers_file=answers_file,
            defaults=True,
            overwrite=True,
            quiet=True,
        )
        recorded = project / (answers_file or ".copier-answers.yml")
        found: dict[str, Any] = yaml.safe_load(recorded.read_text("utf-8"))
        return found

    return answers


def suggestion(problem: str) -> str:
    """Return what a refusal tells to type instead."""
    match = re.search(r"(?:try|for instance) '([^']+)'$", problem)
    assert match, f"no suggestion in {problem!r}"
    return match[1]


@pytest.mark.parametrize("slug", BAD_SLUGS)
def test_a_bad_slug_is_refused_in_one_line_with_a_good_suggestion(
    names: Any, ask: Ask, slug: str
) -> None:
    problem = names.slug_problem(slug)

    assert "\n" not in problem
    assert names.slug_problem(suggestion(problem)) == ""
    with pytest.raises(ValueError, match=re.escape(f"'project_slug': {problem}")):
        ask(project_slug=slug)


@pytest.mark.parametrize("aggregate", BAD_AGGREGATES)
def test_a_bad_aggregate_is_refused_in_one_line_with_a_good_suggestion(
    names: Any, ask: Ask, aggregate: str
) -> None:
    problem = names.aggregate_problem(aggregate)

    assert "\n" not in problem
    assert names.aggregate_problem(suggestion(problem)) == ""
    with pytest.raises(ValueError, match=re.escape(f"'aggregate': {problem}")):
        ask(aggregate=aggregate)


@pytest.mark.parametrize("slug", GOOD_SLUGS)
def test_an_awkward_but_good_slug_is_accepted(ask: Ask, slug: str) -> None:
    assert ask(project_slug=slug)["package"] == slug.replace("-", "_")


@pytest.mark.parametrize(("aggregate", "plural"), GOOD_AGGREGATES.items())
def test_a_good_aggregate_gets_its_plural(ask: Ask, aggregate: str, plural: str) -> None:
    answers = ask(aggregate=aggregate)

    assert answers["aggregate_plural"] == plural
    assert answers["aggregate_path"] == plural.replace("_", "-")
    assert answers["event"] == f"{aggregate}Created"


def test_every_derived_name_is_recorded(ask: Ask) -> None:
    answers = ask(project_slug="user-profile", aggregate="UserProfile")

    derived = {
        "package": "user_profile",
        "aggregate_module": "user_profile",
        "aggregate_plural": "user_profiles",
        "aggregate_path": "user-profiles",
        "aggregate_words": "user profile",
        "event_module": "user_profile_created",
        "event_stream": "user-profile",
        "event_type": "user-profile.UserProfileCreated.v1",
    }
    assert derived.items() <= answers.items()


def test_an_irregular_plural_can_be_given(ask: Ask) -> None:
    answers = ask(aggregate="Person", aggregate_plural="people")

    assert answers["aggregate_path"] == "people"


@pytest.mark.parametrize("plural", ["", "People", "person", "docs", "../people", "x" * 60])
def test_a_bad_plural_is_refused(ask: Ask, plural: str) -> None:
    with pytest.raises(ValueError, match="Validation error"):
        ask(aggregate="Person", aggregate_plural=plural)


@pytest.mark.parametrize("name", PROJECT_NAMES)
def test_the_default_slug_of_an_odd_name_is_good(names: Any, name: str) -> None:
    assert names.slug_problem(names.default_slug(name)) == ""


@given(name=st.text() | st.sampled_from(sorted(forbidden_names.recorded()["installed"])))
@example(name="0" * 50)
def test_the_default_slug_of_any_name_is_good(names: Any, name: str) -> None:
    assert names.slug_problem(names.default_slug(name)) == ""


def test_the_default_slug_follows_the_name(ask: Ask) -> None:
    assert ask(project_name="Größe & Café 24")["project_slug"] == "grosse-cafe-24"


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "\x00", "\x7f", "\u2028", "\ud800"])
def test_a_project_name_that_is_no_line_of_text_is_refused(ask: Ask, name: str) -> None:
    with pytest.raises(ValueError, match="Validation error for question 'project_name'"):
        ask(project_name=name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("project_slug", "shipping"),
        ("aggregate", "Invoice"),
        ("aggregate_plural", "ordering"),
        ("with_example", False),
    ],
)
def test_the_identity_of_a_service_stays(ask: Ask, name: str, other: object) -> None:
    ask()

    with pytest.raises(ValueError, match=f"Validation error for question '{name}'"):
        ask(**{name: other})


def test_an_example_cannot_come_later(ask: Ask) -> None:
    ask(with_example=False)

    with pytest.raises(ValueError, match="use eventsmith add-event"):
        ask(with_example=True)


def test_what_is_no_identity_can_change(ask: Ask) -> None:
    before = ask()

    after = ask(project_name="Sales", description="Sells", ci="gitlab")

    changed = {"project_name": "Sales", "description": "Sells", "ci": "gitlab"}
    assert after == {**before, **changed}


def test_a_name_once_accepted_outlives_longer_lists(ask: Ask, tmp_path: Path) -> None:
    recorded = ask()
    renamed = {"project_slug": "redis", "package": "redis", "event_publisher": "redis"}
    answers_file = tmp_path / "project" / ".copier-answers.yml"
    answers_file.write_text(yaml.safe_dump({**recorded, **renamed}), "utf-8")

    assert ask()["project_slug"] == "redis"


def test_without_the_example_no_aggregate_and_no_event_is_recorded(ask: Ask) -> None:
    answers = ask(with_example=False)

    assert [name for name in answers if name.startswith(("aggregate", "event"))] == []


def test_events_keep_their_answers_beside_the_services(ask: Ask) -> None:
    file = ".copier-answers.d/order_shipped.yml"
    answers = ask(file, kind="event", project_slug="billing", event="OrderShipped")

    assert answers["event_type"] == "billing.OrderShipped.v1"
    with pytest.raises(ValueError, match="use eventsmith add-event"):
        ask(kind="event", event="OrderShipped")
    with pytest.raises(ValueError, match="leave --answers-file out"):
        ask(".copier-answers.d/orders.yml")


def test_a_foreign_event_and_a_later_version_get_files_of_their_own(ask: Ask) -> None:
    answers = ask(
        ".copier-answers.d/order_shipped.yml",
        kind="event",
        project_slug="billing",
        event="OrderShipped",
        event_publisher="web-shop",
        event_version=2,
    )

    assert answers["event_module"] == "web_shop_order_shipped_v2"
    assert answers["event_stream"] == "web-shop"


@pytest.mark.parametrize(
    "fields",
    [
        *(["weight"], ["a:list"], ["a:list:list:int"], ["a:text"], ["a:int", "a:str"]),
        *(["class:str"], ["event_id:str"], ["model_x:str"], {"a": "str"}, 12),
        *(["data:json"], ["list:str"], ["l:int"], ["x" * 61 + ":int"]),
    ],
)
def test_bad_fields_are_refused(ask: Ask, fields: object) -> None:
    event = {"kind": "event", "event": "OrderShipped", "event_fields": fields}

    with pytest.raises(ValueError, match="Validation error for question 'event_fields'"):
        ask(".copier-answers.d/x.yml", **event)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("class", "a Python keyword"),
        ("copy", "which every event has already"),
        ("list", "the name of a type"),
        ("model_year", "as Pydantic keeps model_… for itself"),
    ],
)
def test_a_field_is_refused_for_a_reason_unless_it_is_there_already(
    names: Any, field: str, reason: str
) -> None:
    refusal = f"a field cannot be called '{field}', {reason}."

    assert names.fields_problem([f"{field}:str"]).strip() == refusal
    assert names.fields_problem([f"{field}:str"], recorded="order_shipped") == ""


@pytest.mark.parametrize("data", [{"event_role": "publishes"}, {"event_fields": []}])
def test_the_examples_event_cannot_be_changed(ask: Ask, data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="the example's event has"):
        ask(**data)


def test_the_lists_know_this_python_and_what_services_install() -> None:
    found = {**forbidden_names.of_python(), "installed": forbidden_names.installed()}

    lacking = forbidden_names.missing(found)

    assert not any(lacking.values()), "run: python tests/forbidden_names.py --write"


def test_the_lists_know_what_the_sample_code_uses() -> None:
    lacking = forbidden_names.missing({"sample": forbidden_names.sample()})

    assert lacking == {"sample": set()}, "run: python tests/forbidden_names.py --write"

"""Events as `add-event` writes them: every type and every name a field can have."""

import builtins
import keyword
import sys
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel

from conftest import ROOT

# What a field of each type looks like in a payload.
SAMPLES: dict[str, object] = {
    "str": "größe",
    "int": 1,
    "float": 0.5,
    "bool": True,
    "decimal": "0.10",
    "uuid": "01930000-0000-7000-8000-000000000000",
    "datetime": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "json": {"a": [None, 1]},
}
ENDINGS = ["", ":optional"]
KINDS = [f"{many}{kind}{end}" for many, kind, end in product(["", "list:"], SAMPLES, ENDINGS)]


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is asked for."""

    name: str
    fields: list[str]
    publisher: str = "orders"
    version: int = 1
    stream: str = "orders"

    @property
    def type(self) -> str:
        """Its type on the wire."""
        return f"{self.publisher}.{self.name}.v{self.version}"

    @property
    def class_name(self) -> str:
        """What its class is called."""
        return f"{self.name}V{self.version}" if self.version > 1 else self.name

    @property
    def module(self) -> str:
        """A file of its own."""
        return f"{self.publisher}_{self.name}_v{self.version}".lower().replace("-", "_")

    @property
    def payload(self) -> dict[str, object]:
        """What it may carry; every other optional field is null."""
        return {
            field.partition(":")[0]: _sample(field, null=number % 2 == 0)
            for number, field in enumerate(self.fields)
        }

    def rendered(self, part: str) -> str:
        """Render one of the template's parts for it."""
        answers = {f"event_{key}": getattr(self, key) for key in self.__slots__ if key != "name"}
        template = environment().get_template(f"template/parts/{part}.jinja")
        answers |= {"event": self.name, "event_type": self.type, "event_class": self.class_name}
        return template.render(answers)


def _sample(field: str, *, null: bool) -> object:
    parts = field.split(":")
    if null and parts[-1] == "optional":
        return None
    return [SAMPLES[parts[2]]] if parts[1] == "list" else SAMPLES[parts[1]]


@cache
def environment() -> SandboxedEnvironment:
    """Return what renders the template as Copier does."""
    return SandboxedEnvironment(
        loader=FileSystemLoader(ROOT),
        extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"],
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )


def names() -> list[str]:
    """Return every name worth trying that a field may have."""
    rules: Any = environment().get_template("template/names.jinja").module
    tried = {*dir(builtins), *sys.stdlib_module_names, *keyword.kwlist, *keyword.softkwlist}
    tried |= {*dir(BaseModel), *SAMPLES, *"abcdefghijklmnopqrstuvwxyz", "self", "cls", "event"}
    return sorted(name for name in tried if not rules.fields_problem([f"{name}:str"]))


def every_event() -> list[Event]:
    """Return events that between them have everything."""
    kinds = ["date:optional", "list:str:optional", "list:date", "str", "datetime:optional"]
    named = [
        [f"{name}:{kinds[(shift + at) % len(kinds)]}" for at, name in enumerate(names())]
        for shift in range(len(kinds))
    ]
    long = "Event" + "x" * 25  # with such a publisher the longest there can be
    return [
        *(Event(f"Alone{number}", [f"a:{kind}"]) for number, kind in enumerate(KINDS)),
        *(Event(f"Named{number}", fields) for number, fields in enumerate(named)),
        Event("Every", [f"f{number}:{kind}" for number, kind in enumerate(KINDS)]),
        Event("Every", ["title:str"], version=2),
        Event("Nothing", []),
        Event("Elsewhere", ["a:int"], stream="other.stream"),
        Event("Foreign", ["a:decimal"], publisher="web-shop", stream="web-shop"),
        Event("Unheard", ["a:decimal"], publisher="web-shop", stream="web-shop"),
        Event(long, [f"{'f' * 60}:list:datetime:optional"], "p" * 40, 99, "s" * 80),
        Event(long, [], "p" * 40, 98, "p" * 40),
    ]

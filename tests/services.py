"""The services that tests install, by name, and the events that one of them has of its own."""

from pytest_copie.plugin import Copie

from conftest import program
from rendering import AWKWARD, MAIN, Answers, render
from running import Installed, install

GROWN: Answers = {"project_slug": "my-shop", "aggregate": "Invoice"}
SERVICES = MAIN | AWKWARD | {"grown": GROWN}
KINDS = ["str", "int", "float", "bool", "decimal", "uuid", "datetime", "date", "json"]
EVENTS = [
    [
        "Noted",
        *(f"its_{kind}:{kind}" for kind in KINDS),
        *(f"all_{kind}:list:{kind}" for kind in KINDS),
    ],
    [
        "Noted",
        "--version",
        "2",
        "--stream",
        "notes",
        *(f"its_{kind}:{kind}:optional" for kind in KINDS),
    ],
    ["HappenedToo", "--role", "both"],
    ["Paid", "--role", "consumes", "--publisher", "web-billing", "date:date:optional", "due:date"],
]


def generated(copie: Copie, name: str) -> Installed:
    """Render one of the services, with its events, and install it."""
    folder = render(copie, name, SERVICES[name]).folder
    for event in EVENTS if name == "grown" else ():
        added = program("add-event", *event, cwd=folder)
        assert added.returncode == 0, added.stderr
    return install(folder)

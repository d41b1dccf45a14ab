"""Makes the two services, and lets the second one react to what the first one publishes."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eventsmith import new
from eventsmith.demo.narrator import Narrator
from eventsmith.events.add import add
from eventsmith.events.answers import Request
from eventsmith.template.source import find
from eventsmith.uv import run

HANDLER = Path("src/inventory/handlers/orders_order_created.py")
SERVICES = {"orders": {}, "inventory": {"aggregate": "Reservation"}}
_HANDLER_TEXT = Path(__file__).with_name("handler.py.txt")


def make_services(folder: Path, say: Narrator) -> None:
    """Generate both, wire them and install what they need."""
    say.step("Make two services")
    for slug, given in SERVICES.items():
        answers = "".join(f" -d {key}={value}" for key, value in given.items())
        say.command(f"eventsmith new {slug} --defaults{answers}")
        wanted = new.Request(folder / slug, find(None), given)
        made = new.create(wanted, lock=False, commit=False)
        say.answer(f"{len(made.files)} files")
    say.step("Let inventory react to what orders publishes: its contract, a handler, their tests")
    _wire(folder, say)
    say.step("Install what they need")
    for slug in SERVICES:
        say.command(f"uv sync --project {slug}")
    with say.waiting("installing"), ThreadPoolExecutor() as pool:
        list(pool.map(lambda slug: run(folder / slug, "sync", "--quiet"), SERVICES))


def _wire(folder: Path, say: Narrator) -> None:
    orders, inventory = (folder / slug for slug in SERVICES)
    say.command("eventsmith add-event OrderCreated --from orders -C inventory")
    for change in add(Request(inventory, "OrderCreated", origin=orders)).changes:
        say.answer(f"{change.fate} {change.path}")
    shutil.copyfile(_HANDLER_TEXT, inventory / HANDLER)
    say.command(f"$EDITOR inventory/{HANDLER}")
    for line in _body(_HANDLER_TEXT.read_text("utf-8")):
        say.answer(line)


def _body(handler: str) -> list[str]:
    """Return the function itself: what one would write."""
    return handler[handler.index("@handles") : handler.index("\n\n\ndef")].splitlines()

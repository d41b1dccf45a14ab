"""Makes the two services, and lets the second one react to what the first one publishes."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eventsmith.demo.narrator import Narrator
from eventsmith.demo.uv import run
from eventsmith.new import Request, create
from eventsmith.source import find

HANDLER = Path("src/inventory/handlers/orders_order_created.py")
SERVICES = {"orders": {}, "inventory": {"aggregate": "Reservation"}}
_HANDLER_TEXT = Path(__file__).with_name("handler.py.txt")


def make_services(folder: Path, say: Narrator) -> None:
    """Generate both, wire them and install what they need."""
    say.step("Make two services")
    for slug, given in SERVICES.items():
        answers = "".join(f" -d {key}={value}" for key, value in given.items())
        say.command(f"eventsmith new {slug} --defaults{answers}")
        made = create(Request(folder / slug, find(None), given), lock=False, commit=False)
        say.answer(f"{len(made.files)} files")
    say.step("Let inventory react to orders: its contract, as it is, and a handler")
    _wire(folder, say)
    say.step("Install what they need")
    for slug in SERVICES:
        say.command(f"uv sync --project {slug}")
    with say.waiting("installing"), ThreadPoolExecutor() as pool:
        list(pool.map(lambda slug: run(folder / slug, "sync", "--quiet"), SERVICES))


def _wire(folder: Path, say: Narrator) -> None:
    contract = Path("orders/src/orders/events/order_created.py")
    copy = Path("inventory/src/inventory/events/orders_order_created.py")
    shutil.copyfile(folder / contract, folder / copy)
    say.command(f"cp {contract} {copy}")
    shutil.copyfile(_HANDLER_TEXT, folder / "inventory" / HANDLER)
    say.command(f"$EDITOR inventory/{HANDLER}")
    for line in _body(_HANDLER_TEXT.read_text("utf-8")):
        say.answer(line)


def _body(handler: str) -> list[str]:
    """Return the function itself: what one would write."""
    return handler[handler.index("@handles") : handler.index("\n\n\ndef")].splitlines()

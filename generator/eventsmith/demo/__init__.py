"""`eventsmith demo`: two services made, wired, run and followed, told by the commands one types."""

import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from eventsmith.demo import figures, report, traffic, wiring
from eventsmith.demo.facts import gather
from eventsmith.demo.narrator import Narrator
from eventsmith.demo.programs import Servers, all_ended
from eventsmith.demo.services import Service
from eventsmith.demo.traffic import Posted
from eventsmith.errors import EventsmithError
from eventsmith.uv import uv

DEADLINE = 30.0
"""Seconds that the last order may take to be handled."""
RETRY_SOON = {"CONSUMER_VISIBILITY_TIMEOUT": "2"}
"""The longest delay between two attempts in seconds, so that the last one is seen."""


def demonstrate(wanted: Path | None, *, keep_running: bool) -> None:
    """Run the demo; raises EventsmithError unless every order is accounted for."""
    uv()  # before anything is made that would be of no use without it
    say = Narrator()
    folder = fresh_folder(wanted)
    say.text(f"Two services in {folder}, a new folder that git ignores.")
    wiring.make_services(folder, say)
    try:
        with all_ended() as running:
            servers, orders, inventory = _start(folder, running, say)
            posted = traffic.post(orders, inventory, say)
            _conclude(posted, servers, (orders, inventory), say)
            if keep_running:
                _keep_running(orders, inventory, say)
    finally:
        say.text(f"\nEverything is stopped. The logs: {folder}/*.log")


def fresh_folder(wanted: Path | None) -> Path:
    """Make the folder: another one at each run, unless the user names it."""
    folder = wanted or next(n for i in count(1) if not (n := Path(".demo", str(i))).exists())
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise EventsmithError(f"{folder} is taken; name a new or an empty folder, or none")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    return folder


def _start(folder: Path, running: ExitStack, say: Narrator) -> tuple[Servers, Service, Service]:
    """Start the servers and both services; `running` ends them in reverse order."""
    say.step("Start both on one embedded Postgres, a database each, and one embedded Valkey")
    servers = Servers(folder / "orders")
    running.callback(servers.stop)
    with say.waiting("initialising Postgres"):
        shared = servers.start(database="inventory")
    orders = Service(folder / "orders", {}, streams=["orders"])
    inventory = Service(folder / "inventory", shared | RETRY_SOON, streams=["inventory", "orders"])
    settings = {"DATABASE_URL": "…", "REDIS_URL": shared["REDIS_URL"]} | RETRY_SOON
    for service, given in ((orders, {}), (inventory, settings)):
        running.callback(service.stop)
        say.command(*(f"{k}={v}" for k, v in given.items()), f"uv run {service.slug} dev")
        with say.waiting("until it is ready"):
            service.start()
        say.answer(f"{service.url}/docs")
    return servers, orders, inventory


def _conclude(
    posted: list[Posted], servers: Servers, services: tuple[Service, Service], say: Narrator
) -> None:
    """Wait until every order is accounted for, and show what happened."""
    say.step("Wait for the last retry, then compare both databases, order by order")
    until = time.monotonic() + DEADLINE
    with say.waiting("until every order is accounted for"):
        while wrong := figures.problems(posted, facts := gather(servers, services)):
            if time.monotonic() > until:
                break
            time.sleep(0.2)
    report.show(posted, facts, wrong, f"{servers.folder.parent}/*.log", say)
    if wrong:
        raise EventsmithError(f"{len(wrong)} things are not as they must be; see the list above")


def _keep_running(orders: Service, inventory: Service, say: Narrator) -> None:
    say.step("Both keep running until Ctrl-C")
    for service in (orders, inventory):
        say.answer(f"{service.url}/docs")
    say.text(f"  In {inventory.folder} the dead letter can be read, replayed or discarded:")
    settings = (f"{name}={inventory.given[name]}" for name in ("DATABASE_URL", "REDIS_URL"))
    say.command(*settings, "uv run inventory dead-letters list")
    try:
        while True:
            for service in (orders, inventory):
                service.require_alive()
            time.sleep(0.5)
    except KeyboardInterrupt:
        return

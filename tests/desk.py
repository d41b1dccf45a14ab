"""A service whose handler fails until somebody mends it, and a real browser to look at its desk."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from playwright.sync_api import Request as Asked

from running import Installed
from serving import Servers, ask, holding

REFUSED = "Failed to load resource: the server responded with a status of 40"
TOKEN = "a-token-that-nobody-guesses"  # noqa: S105 - of a service that lives for seconds
HANDLER = '''\
"""Books a carrier for every order."""

from pathlib import Path

from ..chassis import Permanent, UnitOfWork, handles
from ..events import order_created as contract
from .order_created import add_to_totals


@handles(contract.OrderCreated, name="book_carrier")
async def book_carrier(event: contract.OrderCreated, uow: UnitOfWork) -> None:
    if not Path("mended").exists():
        raise Permanent(f"no carrier takes the order of {event.customer_id}")
    await add_to_totals(event.model_copy(update={"customer_id": "north-line"}), uow)
'''


class Service:
    """The service's roles, all in one process, and its servers."""

    def __init__(self, folder: Path, held: Servers) -> None:
        self.folder = folder
        self.redis_url = held.settings["REDIS_URL"]
        self.port = held.settings["API_PORT"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.rows = held.rows

    def give_up_orders_of(self, *customers: str) -> None:
        """Post an order of each, one after the other, so that their numbers are known."""
        for count, customer in enumerate(customers, 1):
            ask(self.port, "/orders", {"customer_id": customer, "total_amount": "12.50"})
            self.until("SELECT count(*) FROM dead_letters", count)

    def until(self, query: str, answer: object) -> None:
        """Wait until the database answers this."""
        deadline = time.monotonic() + 30
        while self.rows(query) != [[answer]]:
            assert time.monotonic() < deadline, query
            time.sleep(0.05)


@contextmanager
def serving(installed: Installed) -> Iterator[Service]:
    """Run a service with a desk."""
    (installed.folder / "src/orders/handlers/book_carrier.py").write_text(HANDLER, "utf-8")
    roles = [str(installed.folder / ".venv" / "bin" / "orders"), "dev"]
    with holding(installed.folder, "desk") as held:
        env = os.environ | held.settings | {"OPS_TOKEN": TOKEN, "LOG_LEVEL": "WARNING"}
        with subprocess.Popen(roles, cwd=installed.folder, env=env) as running:
            service = Service(installed.folder, held)
            try:
                ask(service.port, "/health/ready")
                yield service
            finally:
                running.kill()


class Visit:
    """One browser window, and everything that the browser complains of."""

    def __init__(self, service: Service, context: BrowserContext) -> None:
        self.service = service
        self.context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REFUSED):
            self.complaints.append(message.text)

    def _asked(self, request: Asked) -> None:
        if not request.url.startswith(self.service.url):
            self.complaints.append(f"asked for {request.url}")

    def go(self, path: str) -> Page:
        """Open a page of the service."""
        self.page.goto(self.service.url + path)
        return self.page

    def log_in(self) -> Page:
        """Log in as people do."""
        page = self.go("/ops")
        page.get_by_label("Token").fill(TOKEN)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Overview").wait_for()
        return page


@contextmanager
def visiting(browser: Browser, service: Service, **options: Any) -> Iterator[Visit]:
    """Open a browser without a history; what it complains of fails the test."""
    context = browser.new_context(**{"viewport": {"width": 1000, "height": 900}} | options)
    context.set_default_timeout(15_000)
    try:
        visit = Visit(service, context)
        yield visit
        assert visit.complaints == []
    finally:
        context.close()

"""The orders that the demo posts, and the moment in which their consumer is away."""

import http.client
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from eventsmith.demo.narrator import Narrator
from eventsmith.demo.services import Service
from eventsmith.errors import EventsmithError

ORDERS = 50
REFUSED = 13
"""The order that is worth more than the handler of inventory accepts."""
STOP_AFTER, START_AFTER = 20, 35
PAUSE = 0.04
"""Seconds between two orders: the demo looks at the latency of an idle service."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An order that was answered with 201. Each has a customer and a trace of its own."""

    number: int
    order_id: str
    trace_id: str
    answered_at: float
    away: bool
    """Whether inventory was stopped at that time."""

    @property
    def customer(self) -> str:
        """Who ordered it."""
        return customer(self.number)

    @property
    def refused(self) -> bool:
        """Whether it has to end as a dead letter."""
        return self.number == REFUSED


def customer(number: int) -> str:
    """Return the customer of an order."""
    return f"customer-{number:02}"


def post(orders: Service, inventory: Service, say: Narrator) -> list[Posted]:
    """Post all orders; stop inventory half-way and start it again."""
    say.step(f"Post {ORDERS} orders; stop inventory half-way, and start it again")
    body = """'{"customer_id": "customer-01", "total_amount": "3.00"}'"""
    say.command(f"curl {orders.url}/orders -H 'content-type: application/json' -d {body}")
    posted: list[Posted] = []
    columns = (TextColumn("   "), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=say.console) as progress:
        for number in progress.track(range(1, ORDERS + 1)):
            if number == STOP_AFTER + 1:
                say.answer(f"{STOP_AFTER} posted: inventory gets a SIGTERM")
                inventory.stop()
            if number == START_AFTER + 1:
                say.answer(f"{START_AFTER} posted: inventory starts again")
                inventory.start()
            posted.append(_post(orders, number, away=STOP_AFTER < number <= START_AFTER))
            time.sleep(PAUSE)
    return posted


def _post(orders: Service, number: int, *, away: bool) -> Posted:
    trace_id = secrets.token_hex(16)
    amount = 5000 if number == REFUSED else 3 * number
    status, answer = request(
        orders,
        "/orders",
        {"customer_id": customer(number), "total_amount": f"{amount}.00"},
        {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"},
    )
    if status != http.HTTPStatus.CREATED:
        raise EventsmithError(f"order {number} was answered with {status}: {answer}")
    return Posted(number, json.loads(answer)["id"], trace_id, time.time(), away)


def request(
    service: Service,
    path: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Ask a service by HTTP, never through a proxy; POST if there is a body."""
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=30)
    try:
        sent = json.dumps(body) if body else None
        typed = {"content-type": "application/json"} | (headers or {})
        connection.request("POST" if body else "GET", path, sent, typed)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise EventsmithError(
            f"{service.slug} does not answer: {error}; see {service.log}"
        ) from error
    finally:
        connection.close()

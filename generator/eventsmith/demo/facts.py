"""What became of the orders, as both databases and both logs have it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventsmith.demo.programs import Servers
from eventsmith.demo.services import Service

Line = dict[str, Any]
_PUBLISHED = """
    SELECT attributes ->> 'ce_subject', count(*) FROM outbox_sent WHERE stream = 'orders' GROUP BY 1
"""
_RESERVED = "SELECT customer_id, count(*) FROM reservations GROUP BY 1"
_DEAD = "SELECT entry ->> 'ce_subject', error FROM dead_letters"


@dataclass(frozen=True, slots=True)
class Facts:
    """How often each thing has happened."""

    orders: Counter[str]
    """Orders in the database, by their ids."""
    published: Counter[str]
    """Their events that are on the stream, by the same."""
    reservations: Counter[str]
    """What inventory has reserved, by customer: each of them orders once."""
    totals: Counter[str]
    """The same as its read model has it, which lives on the events of reservations."""
    dead: Counter[str]
    """Dead letters, by the order that they are about."""
    errors: Sequence[str]
    """What they died of."""
    log: Sequence[Line]
    """Both logs, in order of time."""


def gather(servers: Servers, services: Sequence[Service]) -> Facts:
    """Ask both databases, then read the logs, which therefore have all that was found."""

    def count(database: str, query: str) -> Counter[str]:
        return Counter(dict(servers.ask(database, query)))

    dead = servers.ask("inventory", _DEAD)
    return Facts(
        orders=count("orders", "SELECT id, 1 FROM orders"),
        published=count("orders", _PUBLISHED),
        reservations=count("inventory", _RESERVED),
        totals=count("inventory", "SELECT customer_id, reservations FROM customer_totals"),
        dead=Counter(str(order_id) for order_id, _ in dead),
        errors=sorted({error for _, error in dead}),
        log=sorted((line for each in services for line in each.told()), key=_moment),
    )


def _moment(line: Mapping[str, Any]) -> str:
    return str(line["timestamp"])

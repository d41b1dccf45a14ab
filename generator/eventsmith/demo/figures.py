"""What the facts amount to: who is unaccounted for, who was retried, and how long it took."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil

from eventsmith.demo.facts import Facts, Line
from eventsmith.demo.traffic import Posted

HANDLER = "orders_order_created"
"""The name, in the log, of inventory's handler of orders."""


def problems(posted: Sequence[Posted], facts: Facts) -> list[str]:
    """Return a sentence for each thing that is not exactly as it must be."""
    ids = {order.order_id for order in posted}
    customers = {order.customer for order in posted}
    found = [problem for order in posted if (problem := _problem(order, facts))]
    for what, counted, known in (
        ("orders", facts.orders, ids),
        ("events", facts.published, ids),
        ("dead letters", facts.dead, ids),
        ("reservations", facts.reservations, customers),
        ("totals", facts.totals, customers),
    ):
        strangers = sorted(set(counted) - known)
        found += [f"{what} has {stranger}, which was never posted" for stranger in strangers]
    return found


def _problem(order: Posted, facts: Facts) -> str | None:
    fate = {
        "stored": facts.orders[order.order_id],
        "published": facts.published[order.order_id],
        "reserved": facts.reservations[order.customer],
        "in the totals": facts.totals[order.customer],
        "dead": facts.dead[order.order_id],
    }
    handled = not order.refused
    if list(fate.values()) == [1, 1, handled, handled, order.refused]:
        return None
    told = ", ".join(f"{what} {count}" for what, count in fate.items())
    return f"order {order.number}: {told}"


def handled_once(posted: Iterable[Posted], facts: Facts) -> list[Posted]:
    """Return the orders that had their effect exactly once."""
    return [each for each in posted if facts.reservations[each.customer] == 1]


def retried(handled: Iterable[Posted], facts: Facts) -> list[Posted]:
    """Return the orders that failed at first and were handled later."""
    failed = {line["trace_id"] for line in _of_handler(facts.log, "event.failed")}
    return [order for order in handled if order.trace_id in failed]


def latencies(handled: Iterable[Posted], facts: Facts) -> dict[Posted, float]:
    """Return the seconds from each 201, as the client got it, to the handler's commit."""
    done = {line["trace_id"]: _time(line) for line in _of_handler(facts.log, "event.handled")}
    return {
        order: max(0.0, done[order.trace_id] - order.answered_at)
        for order in handled
        if order.trace_id in done
    }


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the smallest value that is not exceeded by `percent` of them."""
    ordered = sorted(values)
    return ordered[ceil(len(ordered) * percent / 100) - 1]


def _of_handler(log: Sequence[Line], event: str) -> list[Line]:
    return [line for line in log if line["event"] == event and line.get("handler") == HANDLER]


def _time(line: Line) -> float:
    return datetime.fromisoformat(line["timestamp"]).timestamp()

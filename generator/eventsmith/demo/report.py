"""The demo's report: what became of the orders, and one of them followed through both logs."""

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Column, Table

from eventsmith.demo.facts import Facts, Line
from eventsmith.demo.figures import handled_once, latencies, percentile, retried
from eventsmith.demo.narrator import Narrator
from eventsmith.demo.traffic import Posted

Row = tuple[str, object, str]
_ABOUT = {
    "http.request": "{method} {route} {status}",
    "event.handled": "{event_type}, attempt {attempt}",
    "event.failed": "{event_type}, attempt {attempt}: again in {retry_in:.1f} s",
    "event.dead": "{event_type}, after {attempts} attempts",
}


def show(
    posted: Sequence[Posted], facts: Facts, wrong: Sequence[str], logs: str, say: Narrator
) -> None:
    """Print everything; `logs` is what to grep."""
    table = Table.grid(
        Column(style="bold"), Column(justify="right", style="cyan"), Column(), padding=(0, 2)
    )
    for name, figure, meaning in _rows(posted, facts, wrong):
        table.add_row(f"  {name}", str(figure), meaning)
    say.text("")
    say.show(table)
    for problem in wrong:
        say.text(f"  wrong: {problem}")
    if again := retried(handled_once(posted, facts), facts):
        _follow(max(again, key=lambda order: len(_lines(order, facts))), facts, logs, say)


def _rows(posted: Sequence[Posted], facts: Facts, wrong: Sequence[str]) -> list[Row]:
    handled = handled_once(posted, facts)
    again = retried(handled, facts)
    seconds = latencies(handled, facts)
    straight = [each for each in handled if not (each.away or each in again)]
    away = sum(order.away for order in posted)
    return [
        ("posted", len(posted), f"and answered; {away} while inventory was down"),
        ("published", facts.published.total(), "from the outbox of orders to its stream"),
        ("handled once", len(handled), "one reservation, and one in the totals"),
        ("retried", len(again), "of those; a failure left nothing behind"),
        ("dead-lettered", facts.dead.total(), "; ".join(facts.errors)),
        ("unaccounted for", len(wrong), ""),
        ("latency", "p50 / p99", "from the 201 to the handler's commit"),
        ("", _quantiles(straight, seconds), f"of the {len(straight)} that nothing held up"),
        ("", _quantiles(handled, seconds), f"of all {len(handled)}"),
    ]


def _quantiles(orders: Iterable[Posted], seconds: Mapping[Posted, float]) -> str:
    known = [seconds[order] * 1000 for order in orders if order in seconds]
    if not known:
        return "unknown"
    return f"{percentile(known, 50):,.0f} / {percentile(known, 99):,.0f} ms"


def _follow(order: Posted, facts: Facts, logs: str, say: Narrator) -> None:
    say.step(f"Follow order {order.number} through both services by its trace id")
    say.command(f"grep -h {order.trace_id} {logs}")
    for line in _lines(order, facts):
        about = _ABOUT.get(line["event"], "").format_map(line)
        moment = line["timestamp"][11:23]
        say.answer(f"{moment}  {line['service']:<9}  {line['event']:<13}  {about}")


def _lines(order: Posted, facts: Facts) -> list[Line]:
    return [line for line in facts.log if line.get("trace_id") == order.trace_id]

"""What a run tells: its numbers, and all that is known of events that came to harm."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from ..processes import Process
from .invariants import Violation
from .records import Records

TABLES = ("chaos_posts", "chaos_effects", "chaos_failures", "outbox", "outbox_sent", "inbox")


TOLD = 3
"""Events whose whole history is told."""
Processes = Sequence[tuple[str, Process]]


async def numbers(records: Records, processes: Processes, disturbances: Mapping[str, int]) -> str:
    """What happened, in numbers."""
    lines = Counter(line["event"] for _, process in processes for line in process.lines)
    killed = sum(process.code == -9 for _, process in processes)
    letters = await records.rows(
        "SELECT reason, count(*) AS number FROM dead_letters GROUP BY reason ORDER BY reason"
    )
    dead = ", ".join(f"{row['number']} {row['reason']}" for row in letters)
    done = ", ".join(f"{number} {what}" for what, number in sorted(disturbances.items()))
    logged = ", ".join(f"{number} {what}" for what, number in sorted(lines.items()))
    attempts = Counter(
        int(line["attempt"])
        for _, process in processes
        for line in process.lines
        if line["event"] == "event.handled"
    )
    return (
        f"processes: {len(processes)} started, {killed} killed\n"
        f"disturbances: {done}\nlogged: {logged}\n"
        f"successes by attempt: {dict(sorted(attempts.items()))}\n"
        f"dead letters: {dead or 'none'}"
    )


async def evidence(records: Records, processes: Processes, found: Iterable[Violation]) -> str:
    """What does not hold, with the history of some of the events."""
    events = list(dict.fromkeys(v.event_id for v in found if v.event_id))[:TOLD]
    histories = [await history(records, processes, event_id) for event_id in events]
    return "\n".join([*histories, *(f"BROKEN: {v.what} {v.event_id or ''}" for v in found)])


async def history(records: Records, processes: Processes, event_id: UUID) -> str:
    """Rows, stream entries and log lines, the latter in the order of their time."""
    lines = [f"--- {event_id}"]
    for table in (*TABLES, "dead_letters"):
        for row in await records.rows(f"SELECT * FROM {table} WHERE event_id = $1", event_id):
            told = {name: value for name, value in row.items() if name != "entry"}
            lines.append(f"{table}: {told}")
    places = [at for at, of in await records.entries() if of == str(event_id)]
    lines += [f"stream entry: {at}" for at in places]
    wanted = {str(event_id), *places}
    logged = [
        (line.get("timestamp", ""), f"{name} ({process.pid}): {line}")
        for name, process in processes
        for line in process.lines
        if _names(line, wanted)
    ]
    return "\n".join([*lines, *(line for _, line in sorted(logged))])


def _names(line: dict[str, Any], wanted: set[str]) -> bool:
    return any(value in wanted for value in line.values() if isinstance(value, str)) or any(
        wanted.intersection(value) for value in line.values() if isinstance(value, list)
    )

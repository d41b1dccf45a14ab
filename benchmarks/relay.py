"""The relay: from committed rows to a stream, beside faststream-outbox and a bare loop."""

from collections.abc import Sequence
from functools import partial

from benchmarks.bench import MIGRATED, Stage
from benchmarks.figures import US, Bar, Figure, Findings, missing
from benchmarks.peers import FASTSTREAM_OUTBOX
from benchmarks.processes import watched
from benchmarks.rounds import in_turns, rate
from benchmarks.wire import STREAM, outbox_rows, peers_outbox_rows

KIND, UNIT, BARE = "relay", "events/s", "a bare loop"


def measure(stage: Stage) -> Findings:
    """Backlogs of several sizes, then more than one relay."""
    scale = stage.scale
    figures = [figure for rows in scale.backlogs for figure in _compared(stage, rows, 1)]
    for relays in scale.relays:
        figures += _compared(stage, scale.backlogs[1], relays)
    return Findings(figures, bars(figures))


def _compared(stage: Stage, rows: int, relays: int) -> list[Figure]:
    what = f"{rows:,} waiting" + (f", {relays} relays" if relays > 1 else "")
    _fill(stage, "ours", MIGRATED, outbox_rows(rows))
    contestants = {US: partial(_rate, stage, stage.role("relay"), "ours", rows, relays)}
    if relays == 1:  # the bare loop knows of no other
        bare = stage.contestant(stage.service, "bare_relay")
        contestants[BARE] = partial(_rate, stage, bare, "ours", rows, 1)
    peer = stage.peer(FASTSTREAM_OUTBOX)
    if not isinstance(peer, str):
        command = stage.contestant(peer, "faststream_outbox_relay")
        _fill_peer(stage, command, peers_outbox_rows(rows))
        contestants[FASTSTREAM_OUTBOX.name] = partial(_rate, stage, command, "theirs", rows, relays)
    values = in_turns(contestants, stage.scale.rounds)
    figures = [Figure(KIND, what, who, UNIT, of) for who, of in values.items()]
    if isinstance(peer, str):
        figures.append(missing(KIND, what, FASTSTREAM_OUTBOX.name, UNIT, peer))
    return figures


def _rate(stage: Stage, command: list[str], filled: str, rows: int, relays: int) -> float:
    with stage.servers.broker as client, stage.servers.copy_of(filled) as database:
        client.flushall()
        with stage.at_work(command, database, relays) as processes:
            sent = watched(processes, lambda: client.xlen(STREAM))
            found = rate(sent, rows, longest=stage.scale.seconds)
        ((left,),) = stage.servers.sql("run", "SELECT count(*) FROM outbox")
        check(client.xlen(STREAM), rows - left)
    return found


def check(sent: int, gone: int) -> None:
    """Raise RuntimeError unless rows have left the outbox, and all of these are in the stream."""
    if not 0 < gone <= sent:
        raise RuntimeError(f"{gone} rows have left the outbox, {sent} are in the stream")


def _fill(stage: Stage, name: str, template: str, rows: str) -> None:
    stage.servers.create(name, template)
    stage.servers.sql(name, rows, "VACUUM ANALYZE outbox")


def _fill_peer(stage: Stage, command: list[str], rows: str) -> None:
    stage.servers.create("theirs")
    with stage.at_work([*command, "create"], stage.servers.url("theirs")) as (process,):
        process.finished()
    stage.servers.sql("theirs", rows, "VACUUM ANALYZE outbox")


def bars(figures: Sequence[Figure]) -> list[Bar]:
    """One relay is faster than others' by the design's ratios, and however many rows wait."""
    alone = [figure for figure in figures if figure.what.endswith("waiting")]
    ours = {figure.what: figure for figure in alone if figure.who == US}
    limits = {BARE: 0.6, FASTSTREAM_OUTBOX.name: 10.0}
    first, *more = ours.values()
    return [
        Bar(ours[figure.what], figure, at_least=limits[figure.who])
        for figure in alone
        if figure.who in limits
    ] + [Bar(figure, first, at_least=0.9) for figure in more]

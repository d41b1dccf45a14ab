"""The relay: from committed rows to a stream, beside faststream-outbox and a bare loop."""

from functools import partial

from benchmarks.bench import MIGRATED, Stage
from benchmarks.figures import US, Bar, Figure, Findings, missing
from benchmarks.peers import FASTSTREAM_OUTBOX
from benchmarks.rounds import in_turns, rate
from benchmarks.wire import STREAM, outbox_rows, peers_outbox_rows

KIND, UNIT, BARE = "relay", "events/s", "a bare loop"


def measure(stage: Stage) -> Findings:
    """Backlogs of several sizes, then more than one relay."""
    figures = [figure for rows in stage.scale.backlogs for figure in _backlog(stage, rows)]
    for relays in stage.scale.relays:
        figures += _relays(stage, relays, stage.scale.backlogs[1])
    return Findings(figures, [*_bars(figures), *_growth(figures)])


def _backlog(stage: Stage, rows: int) -> list[Figure]:
    what = f"{rows:,} waiting"
    _fill(stage, "ours", MIGRATED, outbox_rows(rows))
    contestants = {
        US: partial(_rate, stage, stage.role("relay"), "ours", rows),
        BARE: partial(_rate, stage, stage.contestant(stage.service, "bare_relay"), "ours", rows),
    }
    peer = stage.peer(FASTSTREAM_OUTBOX)
    if not isinstance(peer, str):
        command = stage.contestant(peer, "faststream_outbox_relay")
        _fill_peer(stage, command, peers_outbox_rows(rows))
        contestants[FASTSTREAM_OUTBOX.name] = partial(_rate, stage, command, "theirs", rows)
    values = in_turns(contestants, stage.scale.rounds)
    figures = [Figure(KIND, what, who, UNIT, of) for who, of in values.items()]
    if isinstance(peer, str):
        figures.append(missing(KIND, what, FASTSTREAM_OUTBOX.name, UNIT, peer))
    return figures


def _relays(stage: Stage, relays: int, rows: int) -> list[Figure]:
    _fill(stage, "ours", MIGRATED, outbox_rows(rows))
    run = partial(_rate, stage, stage.role("relay"), "ours", rows, copies=relays)
    values = in_turns({US: run}, stage.scale.rounds)
    return [Figure(KIND, f"{rows:,} waiting, {relays} relays", US, UNIT, values[US])]


def _rate(stage: Stage, command: list[str], filled: str, rows: int, copies: int = 1) -> float:
    with stage.servers.broker as client, stage.servers.copy_of(filled) as database:
        client.flushall()
        with stage.at_work(command, database, copies):
            longest = stage.scale.seconds
            return rate(lambda: client.xlen(STREAM), rows, longest=longest)


def _fill(stage: Stage, name: str, template: str, rows: str) -> None:
    stage.servers.create(name, template)
    stage.servers.sql(name, rows, "VACUUM ANALYZE outbox")


def _fill_peer(stage: Stage, command: list[str], rows: str) -> None:
    stage.servers.create("theirs")
    with stage.at_work([*command, "create"], stage.servers.url("theirs")) as (process,):
        process.finished()
    stage.servers.sql("theirs", rows, "VACUUM ANALYZE outbox")


def _bars(figures: list[Figure]) -> list[Bar]:
    ours = {figure.what: figure for figure in figures if figure.who == US}
    limits = {BARE: 0.6, FASTSTREAM_OUTBOX.name: 10.0}
    return [
        Bar(ours[figure.what], figure, at_least=limits[figure.who])
        for figure in figures
        if figure.who in limits
    ]


def _growth(figures: list[Figure]) -> list[Bar]:
    """However many rows wait, the relay is as fast."""
    ours = [f for f in figures if f.who == US and f.what.endswith("waiting")]
    return [Bar(more, ours[0], at_least=0.9) for more in ours[1:]]

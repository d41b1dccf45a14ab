"""The benchmarks: each runs, small, and tells what it found, what it wanted, and who was absent."""

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks import (
    consumer,
    consuming,
    end_to_end,
    generator,
    http,
    main,
    memory,
    page,
    relay,
    report,
    rounds,
)
from benchmarks.bench import Bench, Stage, staged
from benchmarks.figures import US, Bar, Figure, Findings, missing
from benchmarks.installed import NotInstallable, install_peer
from benchmarks.load import percentile
from benchmarks.peers import FASTSTREAM, FASTSTREAM_OUTBOX, Peer
from benchmarks.processes import running, watched
from benchmarks.scale import SMOKE

STAGED = [relay, consumer, http, end_to_end, memory]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(SMOKE, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def stage(bench: Bench) -> Iterator[Stage]:
    with staged(bench) as stage:
        yield stage


@pytest.mark.parametrize("benchmark", STAGED, ids=lambda module: module.KIND)
def test_measures_a_generated_service(stage: Stage, benchmark: object) -> None:
    findings: Findings = benchmark.measure(stage)  # type: ignore[attr-defined]

    assert _ours(findings)


def test_measures_the_command(bench: Bench) -> None:
    findings = generator.measure(bench)

    assert {figure.what for figure in _ours(findings)} >= {"new", "--help", "add-event"}
    assert {bar.limit for bar in findings.bars} == {"≤ 1.2", "≤ 1.5", "≤ 0.6", "≤ 3"}


def _ours(findings: Findings) -> list[Figure]:
    """Return eventsmith's figures; whoever else has none has to say why."""
    assert all(min(figure.values, default=0) > 0 or figure.note for figure in findings.figures)
    return [figure for figure in findings.figures if figure.who == US and figure.values]


@pytest.fixture
def findings() -> Findings:
    """Three that ran, one that is not there, and three bars."""
    ours = Figure("relay", "10 waiting", US, "events/s", [90, 100, 150])
    bare = Figure("relay", "10 waiting", "a bare loop", "events/s", [200.0])
    other = Figure("relay", "10 waiting", "another", "events/s", [25.0])
    absent = missing("relay", "10 waiting", "a peer", "events/s", "no such package")
    more = Figure("relay", "99 waiting", US, "events/s", [95.0])
    bars = [
        Bar(ours, bare, at_least=0.6),
        Bar(ours, absent, at_least=10),
        Bar(more, ours, at_least=0.9),
    ]
    return Findings([ours, bare, other, absent, more], bars)


def test_shows_ratio_and_bar_beside_each_figure(findings: Findings) -> None:
    ours, bare, other, absent, more = (row[2:] for row in report.rows(findings))

    assert ours == ("100 events/s", "±30%", "", "", "")
    assert bare == ("200 events/s", "", "0.50", "≥ 0.6", "NO")
    assert other == ("25 events/s", "", "4.00", "", "")
    assert absent == ("not run: no such package", "", "", "≥ 10", "")
    assert more == ("95 events/s", "", "0.95", "≥ 0.9", "yes")


def test_writes_what_it_found_and_which_bars_do_not_hold(
    findings: Findings, tmp_path: Path
) -> None:
    report.write(tmp_path, report.document({"relay": findings}, {"Valkey": "9.1"}, quick=False))

    content = report.read(tmp_path)
    assert content["bars_that_do_not_hold"] == ["relay, 10 waiting: 0.5, wanted ≥ 0.6"]
    assert [Figure(**one) for one in content["figures"]] == findings.figures


def test_fills_the_page_with_what_was_measured_and_leaves_the_rest(findings: Findings) -> None:
    content = json.loads(
        json.dumps(report.document({"relay": findings}, {"Valkey": "9.1"}, quick=False))
    )
    kept = "<!-- figures: http -->\nolder\n<!-- end -->"

    filled = page.filled(
        f"# P\n<!-- machine -->\n<!-- end -->\n<!-- figures: relay -->\nold\n<!-- end -->\n{kept}",
        content,
    )

    assert "| 10 waiting | a bare loop | 200 events/s |" in filled
    assert "![relay](performance/relay.svg)" in filled
    assert "Valkey 9.1" in filled
    assert "old\n" not in filled.replace("older", "")
    assert filled.endswith(kept)
    assert page.filled(filled, content) == filled


def test_the_page_says_beside_each_table_when_and_how_well_it_was_measured(
    findings: Findings,
) -> None:
    place = "<!-- figures: relay -->\n<!-- end -->"
    measured = {"revision": "abc1234", "measured": "2026-01-02T03:04:05+00:00"}

    well, quickly = (
        page.filled(place, report.document({"relay": findings}, {}, quick=quick) | measured)
        for quick in (False, True)
    )

    assert "*Revision abc1234, 2026-01-02.*" in well
    assert "*Revision abc1234, 2026-01-02, with `QUICK=1`: for a first idea only.*" in quickly


def test_the_page_has_a_place_for_every_benchmark_by_the_name_of_its_plot() -> None:
    places = re.findall(r"<!-- figures: (.+?) -->", page.PAGE.read_text("utf-8"))

    assert sorted(places) == sorted(main.KINDS)
    assert sorted(places) == sorted(module.KIND for module in (*STAGED, generator))


def test_a_figure_is_the_median_and_its_spread_what_lies_between_best_and_worst() -> None:
    figure = Figure("relay", "", US, "events/s", [1, 9, 2])

    assert (figure.median, figure.spread) == (2, 2.0)


def test_a_bar_holds_as_far_as_it_says() -> None:
    ours, theirs, two = (Figure("", "", "", "s", [value]) for value in (10, 5, 2))

    for of, against in ((ours, theirs), (two, None)):
        assert Bar(of, against, at_least=2).holds
        assert Bar(of, against, at_most=2).holds
        assert not Bar(of, against, at_least=2.1).holds
        assert not Bar(of, against, at_most=1.9).holds


def test_the_relay_is_compared_with_each_other_and_with_a_short_backlog() -> None:
    def figure(what: str, who: str) -> Figure:
        return Figure(relay.KIND, what, who, relay.UNIT, [1])

    few, many, two = "10 waiting", "99 waiting", "10 waiting, 2 relays"
    peer = FASTSTREAM_OUTBOX.name
    pairs = [(few, US), (few, relay.BARE), (few, peer), (many, US), (many, peer)]
    bars = relay.bars([figure(*pair) for pair in [*pairs, (two, US), (two, peer)]])

    compared = {
        (bar.of.what, bar.of.who, bar.against.what, bar.against.who, bar.at_least)
        for bar in bars
        if bar.against
    }
    assert compared == {
        (few, US, few, relay.BARE, 0.6),
        (few, US, few, peer, 10),
        (many, US, many, peer, 10),
        (many, US, few, US, 0.9),
    }


def test_the_consumer_is_compared_with_faststream_alone_and_in_batches() -> None:
    def figure(who: str, value: float) -> Figure:
        return Figure(consumer.KIND, "", who, consumer.UNIT, [value])

    alone = [figure(name, value) for name, value in ((FASTSTREAM.name, 10), (US, 20), ("-", 1))]
    bars = consumer.bars(alone, [figure(consumer.BARE, 300), figure(US, 200)])

    assert [(bar.value, bar.at_least) for bar in bars] == [(2, 1), (20, 8)]


@pytest.mark.parametrize(("acknowledged", "decided", "applied"), [(3, 2, 2), (2, 2, 3), (2, 3, 2)])
def test_a_consumer_has_to_do_what_it_acknowledges_once(
    acknowledged: int, decided: int, applied: int
) -> None:
    consuming.check(2, 3, 3)

    with pytest.raises(RuntimeError, match=f"{acknowledged} acknowledged"):
        consuming.check(acknowledged, decided, applied)


@pytest.mark.parametrize(("sent", "gone"), [(2, 3), (3, 0)])
def test_a_relay_has_to_send_what_leaves_the_outbox(sent: int, gone: int) -> None:
    relay.check(3, 3)

    with pytest.raises(RuntimeError, match=f"{gone} rows have left"):
        relay.check(sent, gone)


def test_measures_in_turns() -> None:
    order = iter(range(6))

    measured = rounds.in_turns(dict.fromkeys("ab", lambda: next(order)), 3)

    assert measured == {"a": [0, 2, 4], "b": [1, 3, 5]}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that passes by a second with each pause, and not otherwise."""
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda _: now.append(now.pop() + 1))


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("looks", "longest", "expected"),
    [
        ([0, 4, 5, 35, 100], 60, 47.5),  # from 5 on, in 2 seconds
        ([0, 50, 60, 70, 80, 90], 2, 10),  # cut off after more than 2 seconds
        ([0, 0, 100], 60, 100),  # all of it between two looks
    ],
)
def test_a_rate_is_what_comes_after_the_first_twentieth(
    looks: list[int], longest: float, expected: float
) -> None:
    done = iter(looks)

    assert rounds.rate(lambda: next(done), 100, longest=longest) == expected


def test_tells_the_last_words_of_one_who_dies_while_it_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such option')"]

    with (
        pytest.raises(RuntimeError, match="no such option"),
        running(command, 1, {}, tmp_path) as processes,
    ):
        rounds.rate(watched(processes, lambda: 0), 100)


def test_percentiles_are_what_so_many_do_not_exceed() -> None:
    values = [float(value) for value in range(1001)]

    assert [percentile(values[::-1], percent) for percent in (50, 99, 99.9)] == [500, 990, 999]


def test_latencies_are_told_in_milliseconds() -> None:
    figures = end_to_end.latencies("idle", [0.004, 0.005, 0.006])

    assert [(figure.what, figure.unit) for figure in figures] == [
        ("idle, p50", "ms"),
        ("idle, p99", "ms"),
        ("idle, p99.9", "ms"),
    ]
    assert figures[0].median == 5


def test_memory_is_compared_when_caches_are_full() -> None:
    assert memory.halves([1, 2, 10, 12, 30, 40, 20, 22]) == ([11], [21])


def test_does_not_wait_for_ever_for_one_who_has_stopped() -> None:
    with pytest.raises(TimeoutError, match="3 of 100 were done"):
        rounds.rate(lambda: 3, 100, start=0.01)


def test_says_why_a_peer_cannot_be_installed(tmp_path: Path) -> None:
    with pytest.raises(NotInstallable, match="no-such-folder"):
        install_peer(Peer("nobody", "nobody", ("./no-such-folder",)), tmp_path)


def test_names_the_benchmarks_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["relais"]) == 2
    assert "there is no benchmark relais; there are relay, consumer" in capsys.readouterr().err

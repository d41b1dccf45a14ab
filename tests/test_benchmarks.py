"""The benchmarks: each runs, small, and tells what it found, what it wanted, and who was absent."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks import (
    consumer,
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
from benchmarks.peers import Peer
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
    """Two that ran, one that is not there, and three bars."""
    ours = Figure("relay", "10 waiting", US, "events/s", [90, 100, 110])
    bare = Figure("relay", "10 waiting", "a bare loop", "events/s", [200.0])
    absent = missing("relay", "10 waiting", "a peer", "events/s", "no such package")
    more = Figure("relay", "99 waiting", US, "events/s", [95.0])
    bars = [
        Bar(ours, bare, at_least=0.6),
        Bar(ours, absent, at_least=10),
        Bar(more, ours, at_least=0.9),
    ]
    return Findings([ours, bare, absent, more], bars)


def test_shows_ratio_and_bar_beside_each_figure(findings: Findings) -> None:
    ours, bare, absent, more = (row[2:] for row in report.rows(findings))

    assert ours == ("100 events/s", "±10%", "", "", "")
    assert bare == ("200 events/s", "", "0.50", "≥ 0.6", "NO")
    assert absent == ("not run: no such package", "", "", "≥ 10", "")
    assert more == ("95 events/s", "", "0.95", "≥ 0.9", "yes")


def test_writes_what_it_found_and_which_bars_do_not_hold(
    findings: Findings, tmp_path: Path
) -> None:
    report.write(tmp_path, report.document({"relay": findings}, {"Valkey": "9.1"}))

    content = report.read(tmp_path)
    assert content["bars_that_do_not_hold"] == ["relay, 10 waiting: 0.5, wanted ≥ 0.6"]
    assert [Figure(**one) for one in content["figures"]] == findings.figures


def test_fills_the_page_with_what_was_measured_and_leaves_the_rest(findings: Findings) -> None:
    content = json.loads(json.dumps(report.document({"relay": findings}, {"Valkey": "9.1"})))
    kept = "<!-- figures: http -->\nolder\n<!-- end -->"

    filled = page.filled(
        f"# P\n<!-- machine -->\n<!-- end -->\n<!-- figures: relay -->\nold\n<!-- end -->\n{kept}",
        content,
    )

    assert "| 10 waiting | a bare loop | 200 events/s |" in filled
    assert "Valkey 9.1" in filled
    assert "old\n" not in filled.replace("older", "")
    assert filled.endswith(kept)
    assert page.filled(filled, content) == filled


def test_the_page_has_a_place_for_every_benchmark() -> None:
    places = re.findall(r"<!-- figures: (.+?) -->", page.PAGE.read_text("utf-8"))

    assert sorted(places) == sorted(main.KINDS)


def test_watches_a_rate_without_the_start() -> None:
    """A hundred at once, and then one with each look."""
    done = iter([0, 100, *range(101, 1_000_000)])

    assert 0 < rounds.rate(lambda: next(done), 150) < 1000


def test_does_not_wait_for_ever_for_one_who_has_stopped() -> None:
    with pytest.raises(TimeoutError, match="3 of 100 were done"):
        rounds.rate(lambda: 3, 100, start=0.01)


def test_says_why_a_peer_cannot_be_installed(tmp_path: Path) -> None:
    with pytest.raises(NotInstallable, match="no-such-folder"):
        install_peer(Peer("nobody", "nobody", ("./no-such-folder",)), tmp_path)


def test_names_the_benchmarks_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["relais"]) == 2
    assert "there is no benchmark relais; there are relay, consumer" in capsys.readouterr().err

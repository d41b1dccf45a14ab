"""The command: `new`, `add-event`, `--help` and `update`, beside what one would use instead."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks import scaffolds, updating
from benchmarks.bench import Bench
from benchmarks.figures import US, Bar, Figure, Findings, missing
from benchmarks.installed import ROOT, Environment, install_tool
from benchmarks.rounds import in_turns, seconds

KIND, UNIT = "generator", "s"
COPIER, TYPER = "copier copy", "an empty Typer app"
EMPTY_APP = "import typer; app = typer.Typer(); app.command()(lambda: None); app()"


def measure(bench: Bench) -> Findings:
    """Each command, with the bars that design and users have for it."""
    folder = bench.scratch / "generated"
    folder.mkdir()
    tool = install_tool(folder)
    new, absent = _new(bench, tool, folder)
    helped = _turns(
        bench,
        "--help",
        {
            US: partial(tool.run, "eventsmith", "--help"),
            TYPER: partial(tool.run, "python", "-c", EMPTY_APP),
        },
    )
    added = _turns(bench, "add-event", {US: _adding(tool, folder)})
    updated = Figure(
        *(KIND, f"update, {bench.scale.grown} events", US, UNIT),
        updating.measure(tool, folder, bench.scale.rounds, bench.scale.grown),
    )
    bars = [
        Bar(new[0], new[1], at_most=1.2),
        Bar(helped[0], helped[1], at_most=1.5),
        Bar(added[0], None, at_most=0.6),
        Bar(updated, None, at_most=3),
    ]
    return Findings([*new, *absent, *helped, *added, updated], bars)


def _new(bench: Bench, tool: Environment, folder: Path) -> tuple[list[Figure], list[Figure]]:
    fresh = (folder / f"orders-{number}" for number in count())
    made = ("new", "--defaults", "--no-lock", "--template", str(ROOT))
    copied = ("copy", "--defaults", "--quiet", "--vcs-ref=HEAD", str(ROOT))
    calls: dict[str, Callable[[], None]] = {
        US: lambda: tool.run("eventsmith", *made, str(next(fresh))),
        COPIER: lambda: tool.run("copier", *copied, str(next(fresh))),
    }
    absent = []
    for peer, prepare in scaffolds.PEERS.items():
        environment = bench.peer(peer)
        if isinstance(environment, str):
            absent.append(missing(KIND, "new", peer.name, UNIT, environment))
        else:
            calls[peer.name] = prepare(environment, folder)
    return _turns(bench, "new", calls), absent


def _adding(tool: Environment, folder: Path) -> Callable[[], None]:
    """Add an event to a service that has only the sample's."""
    service = folder / "grown"
    tool.run("eventsmith", "new", str(service), "--defaults", "--no-lock", "--no-git")
    names: Iterator[str] = map("Shipped{}".format, map(_letters, count()))
    field = "carrier:str"
    return lambda: tool.run("eventsmith", "add-event", next(names), field, "-C", str(service))


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def _turns(bench: Bench, what: str, calls: Mapping[str, Callable[[], None]]) -> list[Figure]:
    measured = in_turns(
        {who: partial(seconds, call) for who, call in calls.items()}, bench.scale.rounds
    )
    return [Figure(KIND, what, who, UNIT, values) for who, values in measured.items()]

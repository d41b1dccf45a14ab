"""Runs what was asked for: measures, prints a table with the bars, writes JSON and plots."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import consumer, end_to_end, generator, http, memory, relay, report
from benchmarks.bench import Bench, Stage, staged
from benchmarks.figures import Findings
from benchmarks.installed import ROOT
from benchmarks.peers import MATPLOTLIB
from benchmarks.scale import FULL, QUICK

RESULTS = ROOT / "build/bench"
STAGED: Mapping[str, Callable[[Stage], Findings]] = {
    "relay": relay.measure,
    "consumer": consumer.measure,
    "http": http.measure,
    "end-to-end": end_to_end.measure,
    "memory": memory.measure,
}
KINDS = (*STAGED, "generator")


def run(wanted: list[str]) -> int:
    """Measure the kinds that are wanted, or all.

    QUICK in the environment measures less. Returns 1 if a bar does not hold, and 2 for a kind that
    there is not.
    """
    if unknown := sorted(set(wanted) - set(KINDS)):
        print(f"there is no benchmark {unknown[0]}; there are {', '.join(KINDS)}", file=sys.stderr)
        return 2
    kinds = [kind for kind in KINDS if not wanted or kind in wanted]
    found: dict[str, Findings] = {}
    with TemporaryDirectory(prefix="eventsmith-bench-") as scratch, ExitStack() as stack:
        quick = bool(os.environ.get("QUICK"))
        bench = Bench(QUICK if quick else FULL, Path(scratch))
        stage = stack.enter_context(staged(bench)) if set(kinds) & set(STAGED) else None
        for kind in kinds:
            print(f"{kind} …", file=sys.stderr)
            found[kind] = (
                STAGED[kind](stage) if stage and kind in STAGED else generator.measure(bench)
            )
            report.show(kind, found[kind])
        versions = bench.versions() | (stage.installed() if stage else {})
        content = report.document(found, versions, quick=quick)
        report.write(RESULTS, content)
        drawn = _draw(bench)
    missed = content["bars_that_do_not_hold"]
    print("\n".join(f"not held: {bar}" for bar in missed) or "every bar holds")
    print(f"results.json is in {RESULTS}; {drawn}")
    return int(bool(missed))


def _draw(bench: Bench) -> str:
    """Draw the plots beside results.json; say what became of them."""
    drawing = bench.peer(MATPLOTLIB)
    if isinstance(drawing, str):
        return f"no plots: {drawing}"
    command = [drawing.program("python"), "-m", "benchmarks.plots", str(RESULTS)]
    subprocess.run(command, cwd=ROOT, check=True)
    return "the plots are beside it"

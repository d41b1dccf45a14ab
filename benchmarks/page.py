"""`python -m benchmarks.page`: puts the last run's figures and plots into docs/performance.md.

What stands between `<!-- figures: KIND -->` and `<!-- end -->` is replaced by that kind's table
and plot and when it was measured, and between `<!-- machine -->` and `<!-- end -->` by what the
last run was measured on.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.installed import ROOT
from benchmarks.report import HEADER, read

RESULTS, PAGE, PLOTS = ROOT / "build/bench", ROOT / "docs/performance.md", ROOT / "docs/performance"
_FIGURES = re.compile(r"(<!-- figures: ([\w -]+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_MACHINE = re.compile(r"(<!-- machine -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, content: Mapping[str, Any]) -> str:
    """Return the page with a run's figures; a kind that was not measured stays as it is."""

    def table(found: "re.Match[str]") -> str:
        rows = content["table"].get(found[2])
        plot = f"![{found[2]}](performance/{found[2]}.svg)"
        if rows is None:
            return found[0]
        return f"{found[1]}{_table(rows)}\n\n{plot}\n\n{_origin(content)}\n{found[3]}"

    page = _FIGURES.sub(table, page)
    return _MACHINE.sub(lambda found: f"{found[1]}{_machine(content)}\n{found[2]}", page)


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEADER, ["---"] * len(HEADER), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _machine(content: Mapping[str, Any]) -> str:
    machine = content["machine"]
    bytecode = "set" if machine["PYTHONDONTWRITEBYTECODE"] else "not set"
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    return (
        f"{machine['cpus']} CPUs ({machine['cpu']}), {machine['system']}, "
        f"Python {machine['python']} with PYTHONDONTWRITEBYTECODE {bytecode}; {versions}."
    )


def _origin(content: Mapping[str, Any]) -> str:
    quickly = ", with `QUICK=1`: for a first idea only" if content["quick"] else ""
    return f"*Revision {content['revision']}, {content['measured'][:10]}{quickly}.*"


def main() -> None:
    """Fill the page, and put the plots beside it."""
    content = read(RESULTS)
    PAGE.write_text(filled(PAGE.read_text("utf-8"), content), "utf-8")
    PLOTS.mkdir(exist_ok=True)
    for plot in RESULTS.glob("*.svg"):
        shutil.copy(plot, PLOTS / Path(plot).name)


if __name__ == "__main__":
    main()

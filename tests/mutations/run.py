"""`python tests/mutations/run.py [NAME…]`: takes mechanisms out, and shows that tests notice it.

Renders and installs a service once. For each patch, the test it names has to pass, then to fail
with the patch applied. Exits 1 if one does not, 2 for a name that there is not.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from copier import run_copy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from conftest import ROOT
from mutations.patches import Mutation, mutations
from running import Installed, equip, in_suite, install, of_suite

PATIENCE = 180
"""Seconds for one test; a mutant that hangs is noticed as well."""


def main(names: list[str]) -> int:
    """Try the mutations that are named, or all."""
    known = {mutation.name: mutation for mutation in mutations()}
    if unknown := sorted(set(names) - known.keys()):
        sys.stderr.write(f"no mutation {unknown[0]}; there are {', '.join(known)}\n")
        return 2
    wanted = [known[name] for name in names or known]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch, "orders")
        run_copy(str(ROOT), folder, defaults=True, quiet=True, vcs_ref="HEAD")
        service = install(folder)
        equip(service)
        noticed = [tried(service, mutation) for mutation in wanted]
    sys.stdout.write(f"{sum(noticed)} of {len(noticed)} noticed\n")
    return int(not all(noticed))


def tried(service: Installed, mutation: Mutation) -> bool:
    """Run a mutation's test without it and with it; print a line; return if it was noticed."""
    chassis = service.folder / "src" / "orders" / "chassis"
    without = outcome(service, mutation.test)
    mutation.apply(chassis)
    try:
        mutated = outcome(service, mutation.test)
    finally:
        mutation.apply(chassis, "--reverse")
    noticed = without == "passes" and mutated in {"fails", "hangs"}
    told = f"{'ok ' if noticed else 'NO '} {mutation.name}: {mutation.test}"
    sys.stdout.write(f"{told} {without}, without the mechanism it {mutated}\n")
    sys.stdout.flush()
    return noticed


def outcome(service: Installed, test: str) -> str:
    """Return what becomes of a test: passes, fails, hangs, or does not run."""
    python = str(service.folder / ".venv" / "bin" / "python")
    env = os.environ | in_suite(service)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        done = subprocess.run(
            [python, *of_suite(test), "-n0"],
            cwd=service.folder,
            env=env,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return "hangs"
    return {0: "passes", 1: "fails"}.get(done.returncode, "does not run")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

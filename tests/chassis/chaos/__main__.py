"""Chaos by hand: `python -m chassis.chaos --duration 60 --seed 1`."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from .run import chaos


def main() -> int:
    """Run once, and print what happened; 1 if an invariant is broken."""
    parser = argparse.ArgumentParser(prog="python -m chassis.chaos", description=__doc__)
    parser.add_argument("--duration", type=float, default=60, help="seconds of disturbance")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--redis-server", type=Path, help="use this in the place of Valkey")
    options = parser.parse_args()
    sys.stderr.write(f"seed {options.seed}, for {options.duration:g} s\n")
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(
            chaos(options.duration, options.seed, Path(folder), options.redis_server)
        )
    sys.stdout.write(outcome.text + "\n")
    return 0 if outcome.held else 1


if __name__ == "__main__":
    sys.exit(main())

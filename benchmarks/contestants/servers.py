"""Runs the generated service's embedded servers until its standard input ends.

Their durability is what `dev` and most production servers have: fsync and synchronous_commit on,
the append-only file written at once and synced every second.
"""

import json
import sys
from pathlib import Path

from orders.chassis.dev import Postgres, Valkey

OPTIONS = ("-c", "max_connections=500", "-c", "max_wal_size=4GB", "-c", "shared_buffers=1GB")


def main(folder: Path) -> None:
    """Start both, tell their addresses in one line, and wait."""
    postgres = Postgres(folder / "postgres", options=OPTIONS)
    with postgres, Valkey(folder / "valkey") as valkey:
        print(json.dumps({"database": postgres.url, "redis": valkey.url}), flush=True)
        sys.stdin.read()


main(Path(sys.argv[1]))

"""The way in for `python -m benchmarks [KIND …]`."""

import sys

from benchmarks.main import run

sys.exit(run(sys.argv[1:]))

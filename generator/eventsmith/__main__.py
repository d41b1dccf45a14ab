"""The way in for `python -m eventsmith`."""

from eventsmith.cli import run

run()

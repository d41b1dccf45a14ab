"""The way in for `python -m eventsmith`."""

from eventsmith.cli.app import run

run()

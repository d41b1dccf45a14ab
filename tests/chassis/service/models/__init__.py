"""The tables of the suite's service."""

"""The events of the suite's service."""

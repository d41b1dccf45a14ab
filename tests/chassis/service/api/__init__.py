"""The API of the suite's service."""

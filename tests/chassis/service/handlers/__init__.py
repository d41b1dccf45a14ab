"""The handlers of the suite's service."""

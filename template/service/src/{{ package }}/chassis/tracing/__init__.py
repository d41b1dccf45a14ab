"""Traces: their ids always, their spans where they are exported."""

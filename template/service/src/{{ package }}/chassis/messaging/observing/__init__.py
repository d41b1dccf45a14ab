"""Metrics, traces, health and status of the pipe."""

"""Measures eventsmith against its budgets: `python -m benchmarks`."""

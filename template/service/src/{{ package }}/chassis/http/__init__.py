"""HTTP as every role serves it: limits, problems, probes, metrics; and `Uow` for endpoints."""

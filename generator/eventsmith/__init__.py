"""eventsmith: the command that makes event-driven services and lets them grow."""

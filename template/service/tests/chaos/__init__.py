"""Real processes that are killed while they work."""

"""Real processes and servers, harmed while they work."""

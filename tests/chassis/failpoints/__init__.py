"""Real processes, killed or frozen at exactly one line: every crash window by its name."""

"""Another service's contract: its JSON Schema read, and told again as Python."""

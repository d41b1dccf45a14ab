"""The command line: parses, calls and prints; what a command does stands elsewhere."""

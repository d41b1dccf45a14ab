"""What the person on call asks and does, from the command line."""

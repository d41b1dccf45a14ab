"""The tables of this service; each module in here is found at start."""

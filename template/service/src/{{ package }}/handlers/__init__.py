"""The reactions: one file for each event that this service reacts to."""

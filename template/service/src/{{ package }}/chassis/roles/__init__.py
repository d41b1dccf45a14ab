"""The composition roots: one file for each role, put together from the settings."""

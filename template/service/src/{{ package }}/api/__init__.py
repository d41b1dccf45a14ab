"""The HTTP door: one file for each resource."""

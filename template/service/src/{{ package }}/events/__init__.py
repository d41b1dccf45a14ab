"""The contracts: one file for each event that this service publishes or consumes."""

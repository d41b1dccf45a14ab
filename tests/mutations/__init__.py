"""Mechanisms of the chassis, each taken out by a patch that a test of the suite must notice."""

"""Tests of events: one file for each of them."""

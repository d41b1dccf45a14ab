"""Decisions and formats, without servers."""

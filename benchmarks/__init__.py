"""Measures generated services and the generator beside what one would use instead."""

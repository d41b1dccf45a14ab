"""Comparing a service with its template, for CI."""

"""Proving that the chassis of a service holds, by the suite of its template."""

"""Outbox to stream: the relay, and the repair of what Redis has lost."""

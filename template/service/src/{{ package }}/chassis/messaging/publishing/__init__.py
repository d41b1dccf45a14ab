"""Outbox to stream: relay, batch, stream_writer; and lost_writes, republish: once more."""

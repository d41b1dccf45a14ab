"""The pipe: outbox, relay, stream, consumer, inbox and dead letters. It knows no event by name."""

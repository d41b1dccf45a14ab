"""What messaging counts and measures, for Prometheus; docs/metrics.md explains each of it."""

from prometheus_client import Counter, Gauge, Histogram

RELAY_PUBLISHED = Counter("relay_published_total", "Events published", ["stream"])
RELAY_FAILED = Counter("relay_failed_total", "Batches that failed", ["cause"])
RELAY_BATCH = Histogram("relay_batch_seconds", "Time from reading a batch to its commit")
RELAY_SIZE = Histogram(
    "relay_batch_events",
    "Events in a batch",
    buckets=[1, 5, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000],
)
RELAY_DELAY = Histogram(
    "relay_delay_seconds",
    "Time from its commit to its publishing, of the oldest event of a batch",
    buckets=[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
)
LOST_WRITES = Counter("outbox_lost_writes_total", "Published events that Redis had lost")
SAMPLES_FAILED = Counter(
    "sampling_failed_total", "Looks at the state of messaging that failed", ["server"]
)
DELIVERIES = Counter(
    "consumer_deliveries_total", "Entries acknowledged or parked", ["stream", "settlement"]
)
REDELIVERIES = Counter(
    "consumer_redeliveries_total",
    "Entries taken up again: a retry was due, or another consumer had left it",
    ["stream"],
)
RETRIES = Counter(
    "consumer_retries_total",
    "Failures that will be tried again; counted ones use up an attempt",
    ["handler", "counted"],
)
HANDLED = Counter("consumer_handled_total", "Runs of handlers, by outcome", ["handler", "outcome"])
HANDLER_SECONDS = Histogram("consumer_handler_seconds", "Duration of handlers", ["handler"])
BREAKER_OPEN = Gauge(
    "consumer_breaker_open", "1 while one event after another fails for a handler", ["handler"]
)
LEASE_LOST = Counter("consumer_lease_lost_total", "Entries taken over while running", ["stream"])
TRIMMED = Counter("consumer_trimmed_pending_total", "Pending entries found trimmed", ["stream"])
RUNNING = Gauge("consumer_running", "Events being handled now", ["stream"])
DEAD = Counter("consumer_dead_letters_total", "Events given up", ["handler", "reason"])
STREAM_TRIMMED = Counter("janitor_trimmed_total", "Entries trimmed", ["stream"])
PURGED = Counter("janitor_purged_total", "Rows deleted for their age", ["table"])
CONSUMERS_REMOVED = Counter("janitor_consumers_removed_total", "Idle consumers", ["stream"])
JANITOR_FAILED = Counter("janitor_failed_total", "Steps that failed", ["step"])

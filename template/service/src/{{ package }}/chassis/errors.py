"""The errors this service raises on purpose; the message of each is one line for a person."""


class ServiceError(Exception):
    """Base of all of them. `status` is the HTTP status an endpoint answers with."""

    status = 500


class Misconfigured(ServiceError):
    """A setting is missing or cannot be used."""


class NotFound(ServiceError):
    """What was asked for does not exist."""

    status = 404


class Refused(ServiceError):
    """What was asked for cannot be done as things stand."""

    status = 409


class EventRefused(ServiceError):
    """An event cannot be emitted: it is another service's."""


class EventUnwritable(EventRefused):
    """An event cannot be emitted: it cannot be written as JSON, or not be read again."""

    status = 422


class EventTooLarge(EventRefused):
    """An event cannot be emitted: it has more bytes than EVENT_MAX_BYTES."""

    status = 413


class DatabaseUnavailable(ServiceError):
    """Postgres cannot be reached, or is not migrated."""

    status = 503


class BrokerUnavailable(ServiceError):
    """Redis cannot be reached."""

    status = 503


class BrokerRefused(BrokerUnavailable):
    """Redis answers, and refuses: a key of another kind, no memory, no permission."""

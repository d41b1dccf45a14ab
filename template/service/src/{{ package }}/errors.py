"""The errors this service raises on purpose; the message of each is one line for a person."""


class ServiceError(Exception):
    """Base of all of them. `status` is the HTTP status an endpoint answers with."""

    status = 500


class Misconfigured(ServiceError):
    """A setting is missing or cannot be used."""


class NotFound(ServiceError):
    """What was asked for does not exist."""

    status = 404


class EventRefused(ServiceError):
    """An event cannot be emitted: too large, not encodable, or another service's."""

    status = 413


class DatabaseUnavailable(ServiceError):
    """Postgres cannot be reached, or is not migrated."""

    status = 503


class BrokerUnavailable(ServiceError):
    """Redis cannot be reached, or refuses what every event needs."""

    status = 503

"""What the code of a service imports; these names stay for a whole major version.

A name is loaded when it is first asked for: the health check of a container runs every few
seconds, imports this package on its way, and needs nothing of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .db import Base
    from .errors import NotFound, Refused, ServiceError
    from .http.app import Uow
    from .messaging.consuming.retry_policy import Permanent, Retry
    from .messaging.events import DomainEvent, event
    from .messaging.handlers import handles
    from .messaging.unit_of_work import UnitOfWork
    from .service import Service
    from .settings import Settings

_PLACES = {
    "Base": "db",
    "DomainEvent": "messaging.events",
    "NotFound": "errors",
    "Permanent": "messaging.consuming.retry_policy",
    "Refused": "errors",
    "Retry": "messaging.consuming.retry_policy",
    "Service": "service",
    "ServiceError": "errors",
    "Settings": "settings",
    "UnitOfWork": "messaging.unit_of_work",
    "Uow": "http.app",
    "event": "messaging.events",
    "handles": "messaging.handlers",
}
__all__ = [
    "Base",
    "DomainEvent",
    "NotFound",
    "Permanent",
    "Refused",
    "Retry",
    "Service",
    "ServiceError",
    "Settings",
    "UnitOfWork",
    "Uow",
    "event",
    "handles",
]


if not TYPE_CHECKING:  # mypy would take any name for one of these

    def __getattr__(name: str) -> object:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

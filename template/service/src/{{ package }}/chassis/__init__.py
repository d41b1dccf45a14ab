"""What the code of a service imports; these names stay for a whole major version.

A name is loaded when it is first asked for: the health check of a container runs every few
seconds, imports this package on its way, and needs nothing of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .db import Base as Base
    from .errors import NotFound as NotFound
    from .errors import Refused as Refused
    from .errors import ServiceError as ServiceError
    from .http.deps import Uow as Uow
    from .messaging.consuming.retry_policy import Permanent as Permanent
    from .messaging.consuming.retry_policy import Retry as Retry
    from .messaging.events import DomainEvent as DomainEvent
    from .messaging.events import event as event
    from .messaging.handlers import handles as handles
    from .messaging.unit_of_work import UnitOfWork as UnitOfWork
    from .service import Service as Service
    from .settings import Settings as Settings
else:
    _PLACES = {
        "db": ("Base",),
        "errors": ("NotFound", "Refused", "ServiceError"),
        "http.deps": ("Uow",),
        "messaging.consuming.retry_policy": ("Permanent", "Retry"),
        "messaging.events": ("DomainEvent", "event"),
        "messaging.handlers": ("handles",),
        "messaging.unit_of_work": ("UnitOfWork",),
        "service": ("Service",),
        "settings": ("Settings",),
    }

    def __getattr__(name: str) -> object:
        for place, names in _PLACES.items():
            if name in names:
                return getattr(import_module(f".{place}", __name__), name)
        raise AttributeError(f"module {__name__} has no attribute {name}")

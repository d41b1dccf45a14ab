"""What events, handlers and endpoints import; these names stay for a whole major version."""

from .events.base import DomainEvent, event
from .handlers.registry import handles
from .messaging.retry import Permanent, Retry
from .uow import UnitOfWork

__all__ = ["DomainEvent", "Permanent", "Retry", "UnitOfWork", "event", "handles"]

"""The service under proof."""

from orders.service import service

SERVICE = service.name

__all__ = ["SERVICE", "service"]

"""A service of the suite's own, on the chassis under proof and with its service's name: so that
the name is proved as well, and nothing that its owner wrote is needed.
"""

from pathlib import Path

from chassis import PACKAGE
from orders.chassis import Service, Settings

from . import api, events, handlers, models

SERVICE = PACKAGE.replace("_", "-")


class OwnSettings(Settings):
    """The chassis's settings, and one of the service's own."""

    greeting: str = "hello"


class _Service(Service[OwnSettings]):
    """A project without `src/`."""

    @property
    def root(self) -> Path:
        """Where its migrations are."""
        return Path(__file__).parent


service = _Service(
    SERVICE, models=models, events=events, handlers=handlers, api=api, settings=OwnSettings
)

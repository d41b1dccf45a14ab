"""What the chassis knows of its service, which hands it over at one place: its `service.py`."""

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeAlias, TypeVar

from .settings import Settings, load

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """A service, as its parts: components are given those that they need.

    `discover` imports the modules of the packages, so that a command which needs none of them
    starts fast.
    """

    name: str
    """The name other services know it by: publisher, default stream and consumer group."""
    models: ModuleType
    """Tables; a package, or a single module."""
    events: ModuleType
    handlers: ModuleType
    api: ModuleType
    """Modules whose `router` is served."""
    settings: type[S]

    @property
    def root(self) -> Path:
        """The folder of the project, where it is not installed from a wheel."""
        return Path(next(iter(self.events.__path__))).parents[2]

    def discover(self) -> None:
        """Import every model, event and handler, so that the registries know them."""
        for package in (self.models, self.events, self.handlers):
            import_modules(package)

    def routers(self) -> Sequence[ModuleType]:
        """The modules of the API."""
        return import_modules(self.api)

    def load_settings(self, **overrides: object) -> S:
        """The settings of this process; raises Misconfigured with one line on what is wrong."""
        return load(self.settings, **overrides)

    def main(self) -> None:
        """Run the command line; the console script is this."""
        from .cli.main import run

        run(self)


AnyService: TypeAlias = Service[Any]
"""A service, whatever its settings are."""


def import_modules(package: ModuleType) -> list[ModuleType]:
    """Import each module of `package`, in the order of their names; a single module is itself.

    A module that cannot be imported stops the start with its own traceback: an event or a
    handler that is silently missing would be worse.
    """
    if not hasattr(package, "__path__"):
        return [package]
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]

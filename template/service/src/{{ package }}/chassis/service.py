"""The service that this chassis runs: handed in once, by src/<package>/service.py."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from .discovery import import_modules
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """All that the chassis knows of its service. Nothing in here is imported before it is asked
    for, so that a command that needs no models does not load them."""

    name: str
    """The name other services know it by: publisher, default stream and consumer group."""
    events: ModuleType
    handlers: ModuleType
    api: ModuleType
    settings: type[Settings]

    def __post_init__(self) -> None:
        _handed_in.append(self)

    @property
    def root(self) -> Path:
        """The folder of the project, where it is not installed from a wheel."""
        return Path(next(iter(self.events.__path__))).parents[2]

    def discover(self) -> None:
        """Import every event and handler, so that the registries know them."""
        import_modules(self.events)
        import_modules(self.handlers)

    def run_command(self) -> None:
        """What the console script does."""
        from .cli.main import main

        main()


_handed_in: list[Service] = []


def current() -> Service:
    """The service of this process."""
    return _handed_in[-1]


def slug() -> str:
    """Its name."""
    return current().name

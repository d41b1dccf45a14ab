"""Finding events, handlers and routers: importing every module of a package."""

import importlib
import pkgutil
from types import ModuleType


def import_modules(package: ModuleType) -> list[ModuleType]:
    """Import each module of `package`, in the order of their names; a single module is itself.

    A module that cannot be imported stops the start with its own traceback: an event or a
    handler that is silently missing would be worse.
    """
    if not hasattr(package, "__path__"):
        return [package]
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]

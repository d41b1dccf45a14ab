"""The exhaustive suite of the chassis, against that of the service in the working folder.

The files say `orders.chassis`; that of a service of another name is found under it as well. They
import nothing else of the service: events, handlers, tables and settings are the suite's own.
"""

import importlib
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = os.environ.get("PROVED_PACKAGE", "orders")


class _Alias(MetaPathFinder, Loader):
    """`orders.x` is the module `<package>.x` itself: no second copy with registries of its own."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        own = name == "orders" or name.startswith("orders.")
        return ModuleSpec(name, self) if own else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(PACKAGE + spec.name.removeprefix("orders"))
        self._specs[module.__name__] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._specs[module.__name__]

    _specs: dict[str, ModuleSpec | None] = {}  # noqa: RUF012


# Where the suite is found, there may be modules that are called like the service: it comes first.
_own = str(Path(__file__).parents[1])
sys.path[:] = [*(entry for entry in sys.path if entry != _own), _own]
if PACKAGE != "orders":
    sys.meta_path.insert(0, _Alias())

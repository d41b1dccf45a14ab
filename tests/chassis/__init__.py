"""The exhaustive suite of the chassis, against the service in the working folder.

The files say `orders`; a service of another name is found under that name as well.
"""

import importlib
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = os.environ.get("PROVED_PACKAGE", "orders")


class _Alias(MetaPathFinder, Loader):
    """`orders.x` is the very module `<package>.x`: not a second copy, with registries of its own."""

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


if PACKAGE != "orders":
    sys.meta_path.insert(0, _Alias())
importlib.import_module("orders.service")

"""Real PostgreSQL and Valkey out of pip wheels, for `dev` and the tests; never for production."""

import sys

from ..errors import ServiceError

if sys.platform == "win32":
    raise ServiceError("embedded servers need Linux, macOS or WSL; or set DATABASE_URL, REDIS_URL")

from .databases import create_database, drop_database
from .postgres import Postgres
from .server import Server
from .valkey import Valkey
from .wheel import EmbeddedServerUnavailable

__all__ = [
    "EmbeddedServerUnavailable",
    "Postgres",
    "Server",
    "Valkey",
    "create_database",
    "drop_database",
]

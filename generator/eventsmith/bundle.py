"""The template inside the wheel: a git bundle that git reads in place of the project's address."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import metadata
from importlib.resources import as_file, files
from tempfile import TemporaryDirectory

_BUNDLE = files("eventsmith") / "template.bundle"


def exists() -> bool:
    """Tell whether this installation carries a template."""
    return _BUNDLE.is_file()


def address() -> str:
    """Return the project's address, in the form that Copier knows for git's."""
    return f"{_base()}.git"


def is_own(place: str) -> bool:
    """Tell whether `place` is the project's address, however it is spelled."""
    return _key(place) == _key(address())


@contextmanager
def in_place_of_address() -> Iterator[dict[str, str]]:
    """Yield the variables that make git read the bundle wherever it is given the address."""
    with as_file(_BUNDLE) as path, TemporaryDirectory(prefix="eventsmith-cache-") as cache:
        first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        pairs = {
            f"GIT_CONFIG_{part}_{number}": value
            for number, spelling in enumerate(_spellings(), first)
            for part, value in (("KEY", f"url.{path.as_posix()}.insteadOf"), ("VALUE", spelling))
        }
        yield pairs | {
            "GIT_CONFIG_COUNT": str(first + len(pairs) // 2),
            "GIT_ALLOW_PROTOCOL": "file",  # whatever is not the bundle is refused, not fetched
            # Copier keeps mirrors by address, and this one is no copy of what is there.
            "COPIER_CACHE_DIR": cache,
        }


def _base() -> str:
    """Return the address of `project.urls`, which no other place names."""
    urls: list[str] = metadata("eventsmith").get_all("Project-URL", [])
    return dict(url.split(", ", 1) for url in urls)["Repository"].rstrip("/").removesuffix(".git")


def _spellings() -> list[str]:
    base = _base()
    host, _, path = base.partition("://")[2].partition("/")
    forms = (base, f"ssh://git@{host}/{path}", f"git@{host}:{path}")
    return [form + end for form in forms for end in ("", "/", ".git", ".git/")]


def _key(place: str) -> str:
    """Return host and path: what all spellings of an address share."""
    place = re.sub(r"^gh:/?", "https://github.com/", place)
    place = re.sub(r"^gl:/?", "https://gitlab.com/", place)
    place = re.sub(r"^[\w+]+://|^(?=[\w.-]+@)", "", place)
    place = re.sub(r"^[^@/]+@", "", place).replace(":", "/", 1)
    return place.rstrip("/").removesuffix(".git").lower()

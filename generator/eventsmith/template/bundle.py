"""The template inside the wheel: a git bundle that git reads in place of the project's address."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import metadata, version
from importlib.resources import as_file, files
from tempfile import TemporaryDirectory

from eventsmith import environment
from eventsmith.template import refs

_BUNDLE = files("eventsmith") / "template.bundle"


def exists() -> bool:
    """Tell whether this installation carries a template."""
    return _BUNDLE.is_file()


def shown() -> str:
    """Return what messages call it."""
    return f"the template of eventsmith {version('eventsmith')}"


def address() -> str:
    """Return the project's address, in the form that Copier knows for git's."""
    return f"{_base()}.git"


def is_own(place: str) -> bool:
    """Tell whether `place` is the project's address, however it is spelled."""
    return _key(place) == _key(address())


@contextmanager
def read_in_place_of(place: str) -> Iterator[None]:
    """Let git, and the git of Copier, read the bundle when they are asked for `place`."""
    with as_file(_BUNDLE) as path, TemporaryDirectory(prefix="eventsmith-cache-") as cache:
        first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        spellings = _spellings(place)
        pairs = {
            f"GIT_CONFIG_{part}_{number}": value
            for number, spelling in enumerate(spellings, first)
            for part, value in (("KEY", f"url.{path.as_posix()}.insteadOf"), ("VALUE", spelling))
        }
        values = {
            "GIT_CONFIG_COUNT": str(first + len(spellings)),
            "GIT_ALLOW_PROTOCOL": "file",  # whatever is not the bundle is refused, not fetched
            # Copier keeps mirrors by address, and this one is no copy of what is there.
            "COPIER_CACHE_DIR": cache,
        }
        with environment.given(pairs | values):
            yield


def _base() -> str:
    """Return the address of `project.urls`, which no other place names."""
    urls: list[str] = metadata("eventsmith").get_all("Project-URL", [])
    return _stem(dict(url.split(", ", 1) for url in urls)["Repository"])


def _spellings(place: str) -> list[str]:
    """Return what `place` may become on its way to git, in full: it replaces the longest prefix."""
    stem = _stem(refs.address(place))
    return [stem + end for end in ("", "/", ".git", ".git/")]


def _stem(address: str) -> str:
    return address.rstrip("/").removesuffix(".git")


def _key(place: str) -> str:
    """Return the host and the path, which all forms of an address share."""
    rest = re.sub(r"^[a-z+]+://", "", _stem(refs.address(place)))
    return re.sub(r"^([^/:]+)(:\d+)?[:/]+", r"\1/", re.sub(r"^[^/@]*@", "", rest)).lower()

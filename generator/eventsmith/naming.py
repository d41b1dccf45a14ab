"""How a folder's name becomes the names of a service; pure functions."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_SEAM = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words(name: str) -> list[str]:
    """Split `name` where case, blanks or signs do, in plain ASCII."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.findall(r"[A-Za-z0-9]+", _SEAM.sub(" ", ascii_name))


def slug(name: str) -> str:
    """Return the kebab-case of `name`: 'My Orders' is 'my-orders'."""
    return "-".join(words(name)).lower()


def title(name: str) -> str:
    """Return `name` as people write it: 'user-profile' is 'User Profile'."""
    return " ".join(word[0].upper() + word[1:] for word in words(name))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` was probably meant to be."""
    return next(iter(get_close_matches(name, list(known), n=1)), None)

"""Variables that git and Copier see for a while."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

# Git asks nobody for a name or a password: not on the terminal, not by a program of its own.
UNASKED = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never"}


@contextmanager
def given(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for this process and its children, Copier's included."""
    from plumbum import local  # noqa: PLC0415 - slow; Copier runs git by it

    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        with local.env(**values):  # plumbum reads os.environ only once
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

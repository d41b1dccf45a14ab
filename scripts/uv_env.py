"""Runs a command with pip's configured indexes and certificates passed on to uv.

uv does not read pip's configuration, so a machine whose packages come from a mirror would work
with pip and fail with uv. The values go into the environment of the command and nowhere else.
"""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

# What pip calls it, what uv calls it, and what uv puts between several values.
_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}


def pip_settings() -> dict[str, str]:
    """Return pip's configuration; what is said for one command or in a variable wins."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for line in _pip_config().splitlines():
        name, equals, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if equals and section in found:
            found[section][key] = str(ast.literal_eval(value))
    variables = {key: os.environ.get(f"PIP_{key.upper().replace('-', '_')}") for key in _NAMES}
    said = {key: value for key, value in variables.items() if value}
    return found["global"] | found["install"] | said


def _pip_config() -> str:
    """Ask the pip of this Python, or else one on the PATH: one section.key='value' a line."""
    on_path = [[pip] for pip in (shutil.which("pip3"), shutil.which("pip")) if pip]
    for command in ([sys.executable, "-m", "pip"], *on_path):
        done = subprocess.run(
            [*command, "config", "list"], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return done.stdout
    return ""


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with pip's `settings` added wherever uv was told nothing itself."""
    result = dict(environment)
    for key, (name, separator) in _NAMES.items():
        if value := settings.get(key):
            result.setdefault(name, separator.join(value.split()))
    if "UV_INDEX" in result:
        # pip takes the best version of all indexes; uv would stop at the first that has any.
        result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return result


def main() -> None:
    """Become the command that was named."""
    environment = uv_environment(pip_settings(), os.environ)
    os.execvpe(sys.argv[1], sys.argv[1:], environment)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()

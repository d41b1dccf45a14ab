"""Run by the image's HEALTHCHECK: is the role in this container alive or, with `ready`, ready?

It runs every few seconds, so it imports next to nothing and reads the ports by itself.
"""

import os
import sys
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

PORTS = {"API_PORT": "8000", "RELAY_PORT": "8001", "CONSUMER_PORT": "8002"}
TIMEOUT = 5.0
"""Seconds."""


def answers(path: str) -> bool:
    """Whether the only role here, whichever port it has, answers with a success."""
    for name, port in PORTS.items():
        url = f"http://localhost:{os.environ.get(name) or port}/health/{path}"
        try:
            with urlopen(url, timeout=TIMEOUT):
                return True
        except HTTPError:
            return False
        except URLError:
            continue  # another role's port
    return False


if __name__ == "__main__":
    sys.exit(not answers(sys.argv[1] if len(sys.argv) > 1 else "live"))

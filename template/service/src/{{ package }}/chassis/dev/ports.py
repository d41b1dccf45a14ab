"""Which port a server gets."""

import secrets
import socket

# Below every system's range for outgoing connections: there, while a server restarts, a client
# that reconnects can be given the server's own port, and is then connected to itself.
_ANY = range(15_000, 30_000)


def free_port(first: int) -> int:
    """Return the first port from `first` on (0: from a random one) that nobody listens on."""
    port = first or secrets.choice(_ANY)
    while _answers(port):
        port += 1
    return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

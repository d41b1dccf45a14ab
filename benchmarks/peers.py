"""What one would use instead, and what it takes to install it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """One project, installed in an environment of its own; `package` tells its version."""

    name: str
    package: str
    requirements: tuple[str, ...]


_SERVERS = ("sqlalchemy[asyncio]>=2.1,<3", "asyncpg>=0.30", "redis[hiredis]>=7", "uvloop>=0.21")
FASTSTREAM = Peer(
    "FastStream", "faststream", ("faststream[redis]>=0.7.8,<0.8", "orjson", *_SERVERS)
)
FASTSTREAM_OUTBOX = Peer(
    "faststream-outbox",
    "faststream-outbox",
    (
        "faststream-outbox[asyncpg]>=0.19,<0.20",
        "faststream[redis]>=0.7.8,<0.8",
        "orjson",
        *_SERVERS,
    ),
)
TASKIQ = Peer(
    "taskiq-redis", "taskiq-redis", ("taskiq-redis>=1.2,<2", "taskiq", "orjson", *_SERVERS)
)
COOKIECUTTER = Peer("cookiecutter", "cookiecutter", ("cookiecutter>=2.6,<3",))
PROTEAN = Peer("Protean", "protean", ("protean[scaffold]>=0.17,<0.19",))
FASTAPI_TEMPLATE = Peer("fastapi_template", "fastapi-template", ("fastapi-template>=6.1,<7",))
MATPLOTLIB = Peer("matplotlib", "matplotlib", ("matplotlib>=3.10,<4",))
"""No peer, but it too has an environment of its own: it draws the figures."""

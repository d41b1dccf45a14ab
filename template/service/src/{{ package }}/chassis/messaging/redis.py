"""The connection to Redis or Valkey, and the only module that knows its client's errors.

Everything is pinned, because the defaults of redis-py 8 do harm here: its ten silent retries
repeat an XADD that had arrived, and its socket timeout re-issues a blocking read for ever.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from typing import Any, Self
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from ..errors import BrokerRefused, BrokerUnavailable, Misconfigured
from ..waiting import cancellable

TIMEOUT = 5.0
"""Seconds that an answer may take, beyond the time its command blocks."""
CONNECTIONS = 50
"""Of one client; who needs another one waits."""


PARKED = "~parked"
"""The reserved consumer that holds entries which were given up on purpose, until they are due."""
SEQUENCE_BITS = 64


class GroupMissing(Exception):
    """The stream or its group is gone: flushed, deleted, or another server."""


class Broker:
    """A client that works in bytes and never repeats a command by itself.

    `blocking` is the longest time in seconds that one of its commands blocks.
    """

    def __init__(self, url: str, *, blocking: float = 0) -> None:
        try:
            self.address = urlsplit(url).netloc.rpartition("@")[2]
            self.connections = 0
            pool = BlockingConnectionPool.from_url(
                url, max_connections=CONNECTIONS, timeout=TIMEOUT
            )
            pool.connection_kwargs |= {
                "redis_connect_func": self._connected,
                "protocol": 2,
                "decode_responses": False,
                "retry": Retry(NoBackoff(), 0),
                "socket_connect_timeout": TIMEOUT,
                "socket_timeout": blocking + TIMEOUT,
            }
            pool.connection_class(**pool.connection_kwargs)  # complains of unknown options
            self.client: Redis = Redis.from_pool(pool)
            self._scripts = {
                script.name.removesuffix(".lua"): self.client.register_script(script.read_text())
                for script in files(__package__).joinpath("lua").iterdir()
            }
        except (ValueError, TypeError):
            raise Misconfigured(
                "REDIS_URL must look like redis://user:password@host:6379/0"
            ) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise BrokerUnavailable or GroupMissing in the place of the client's errors."""
        try:
            with cancellable():
                yield
        except ResponseError as error:
            text = str(error) or type(error).__name__
            if text.startswith(("NOGROUP", "UNBLOCKED")):
                raise GroupMissing(text) from error
            raise BrokerRefused(f"Redis at {self.address} refuses: {text}") from error
        except (RedisError, OSError) as error:
            text = str(error) or type(error).__name__
            raise BrokerUnavailable(f"no answer from Redis at {self.address}: {text}") from error

    async def run(self, script: str, key: str, *args: str | bytes | float) -> Any:
        """Run messaging/lua/`script`.lua on one key."""
        with self.translated():
            return await self._scripts[script](keys=[key], args=args)

    async def publish(self, key: str, entries: Iterable[tuple[str, str]]) -> Sequence[str]:
        """Add all entries to a stream or none; returns their ids in the same order. An entry is
        its attributes, as a JSON object of strings, and its payload."""
        added = await self.run("publish", key, *chain.from_iterable(entries))
        return [stream_id.decode() for stream_id in added]

    async def identity(self) -> str:
        """Which server this is, and which history its data belongs to: both change in a failover,
        the first at every restart."""
        with self.translated():
            server = await self.client.info("server")
            replication = await self.client.info("replication")
        return f"{server['run_id']}:{replication['master_replid']}"

    async def _connected(self, connection: AbstractConnection) -> None:
        """Count the connections: behind a new one may be another server."""
        self.connections += 1
        await connection.on_connect()

    async def ping(self) -> None:
        """Raise BrokerUnavailable unless the server answers."""
        with self.translated():
            await self.client.ping()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry handed to this consumer, for the `attempt`-th time (1 is the first).

    A poison candidate was delivered twice before to consumers that never gave it back.
    """

    stream_id: str
    fields: Mapping[bytes, bytes]
    attempt: int
    poison_candidate: bool = False

    @property
    def attributes(self) -> dict[str, str]:
        """Its `ce_*` fields as far as they can be read: nobody has checked what they say."""
        return {
            name.decode(): value.decode(errors="replace")
            for name, value in self.fields.items()
            if name.startswith(b"ce_") and name.isascii()
        }


def number(stream_id: bytes | str) -> int:
    """An id as a whole number."""
    text = stream_id.decode() if isinstance(stream_id, bytes) else stream_id
    milliseconds, _, sequence = text.partition("-")
    return (int(milliseconds) << SEQUENCE_BITS) + int(sequence or 0)


def written(whole: int) -> str:
    """A whole number as the id that it stands for."""
    return f"{whole >> SEQUENCE_BITS}-{whole & (1 << SEQUENCE_BITS) - 1}"

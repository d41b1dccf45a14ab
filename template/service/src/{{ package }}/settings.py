"""Every setting of this service: read from the environment, else from `.env` in this folder.

Only cli.py and dev.py read them; components are given plain values. Settings of your own go into
a class like this one in a module of yours, so that updates of the template never touch them.
"""

from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from .errors import Misconfigured


class Settings(BaseSettings):
    """Times are in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    database_url: SecretStr
    """Postgres as a plain libpq URL: `postgresql://user:password@host/db?sslmode=require`."""

    redis_url: SecretStr
    """Redis 7.0 or Valkey 8, or newer: `redis://:password@host:6379/0`, with TLS `rediss://`."""

    key_prefix: str = Field("", pattern=r"^[^\s{}]*$")
    """Put before the name of every stream, where services share a Redis server."""

    bind_host: str = "127.0.0.1"
    """The address that api, relay and consumer serve HTTP on."""

    api_port: int = Field(8000, ge=0, le=65535)
    """Port of the API; 0 takes a free one."""

    relay_port: int = Field(8001, ge=0, le=65535)
    """Port of the relay's `/health/*` and `/metrics`; 0 takes a free one."""

    consumer_port: int = Field(8002, ge=0, le=65535)
    """Port of the consumer's `/health/*` and `/metrics`; 0 takes a free one."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least level that is logged."""

    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto` is console on a terminal, and JSON elsewhere."""

    database_pool_size: int = Field(10, ge=1)
    """Connections to Postgres of one API process. A consumer takes what its concurrency needs."""

    relay_batch_size: int = Field(500, ge=1, le=10_000)
    """Events published in one transaction, at most."""

    outbox_auto_repair: bool = True
    """Publish events again that Redis has lost; if off, only tell of them."""

    event_max_bytes: int = Field(256 * 1024, ge=1024, le=1024 * 1024)
    """Size of an event's payload; a larger one is refused when it is emitted."""

    consumer_concurrency: int = Field(10, ge=1, le=1000)
    """Events of one stream that a consumer process handles at a time."""

    consumer_max_attempts: int = Field(5, ge=1, le=100)
    """Failures after which an event becomes a dead letter."""

    consumer_visibility_timeout: float = Field(60, ge=0.1, le=3600)
    """How long an entry without a sign of life stays with its consumer; the longest retry delay."""

    consumer_start: Literal["0", "now"] = "0"
    """Where a new group starts to read: at the stream's beginning, or at what comes next. `now`
    skips what was published while the group is missing and no consumer runs."""

    drain_timeout: float = Field(20, ge=0)
    """What a process that is told to stop gives to requests and handlers that still run."""


def load_settings(**overrides: object) -> Settings:
    """The settings of this process; raises Misconfigured with one line on what is wrong."""
    given: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg'].lower()}" for e in error.errors()
        ]
        raise Misconfigured("; ".join(problems)) from None

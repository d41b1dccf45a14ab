"""Every setting of this service: read from the environment, else from `.env` in this folder.

Roles and commands read them; components are given plain values. Settings of your own are further
fields of the class in your `settings.py`.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from .errors import Misconfigured

S = TypeVar("S", bound="Settings")

Span = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=36_500))]
"""Written like `14d`; what is no whole number of days like `PT12H` or `P1DT12H`."""


class Settings(BaseSettings):
    """Times are in seconds but for the retentions, sizes in bytes."""

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

    request_max_bytes: int = Field(1024 * 1024, ge=1024)
    """Size of a request's body; a larger one is refused."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least level that is logged."""

    log_format: Literal["auto", "json", "console"] = "auto"
    """`auto` is console on a terminal, and JSON elsewhere."""

    otel_exporter_otlp_endpoint: str | None = None
    """Where traces go by OTLP over HTTP, such as `http://collector:4318`; nowhere if it is not
    set. OpenTelemetry's other variables hold as well, but from the environment only."""

    database_pool_size: int = Field(10, ge=1)
    """Connections to Postgres of one API process. A consumer takes what its concurrency needs."""

    relay_batch_size: int = Field(10_000, ge=1, le=50_000)
    """Events published in one transaction, at most."""

    outbox_auto_repair: bool = True
    """Publish events again that Redis has lost; if off, only report them."""

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

    ops_token: SecretStr | None = None
    """Opens the desk at `/ops`, which is there only if this is set: 24 characters or more."""

    outbox_retention: Span = timedelta(days=14)
    """How long a published event can be published again, by hand or because Redis lost it."""

    stream_retention: Span = timedelta(days=7)
    """How long an entry stays in its stream at least: what a new group finds there. Later it
    goes when every group, and at least one, has acknowledged it."""

    inbox_retention: Span = timedelta(days=30)
    """How long it is known that an event was handled; longer while the event may come again."""

    @field_validator("ops_token")
    @classmethod
    def _nobody_guesses_it(cls, token: SecretStr | None) -> SecretStr | None:
        bare = token.get_secret_value().strip() if token else ""
        if token and len(bare) < 24:
            raise ValueError("needs 24 characters or more; make one: openssl rand -hex 24")
        return SecretStr(bare) if bare else None

    @model_validator(mode="after")
    def _retentions_agree(self) -> Self:
        if self.outbox_retention <= self.stream_retention:
            raise ValueError(
                "OUTBOX_RETENTION must be longer than STREAM_RETENTION, "
                "or what Redis loses could not be put back"
            )
        if self.inbox_retention <= self.outbox_retention + self.stream_retention:
            raise ValueError(
                "INBOX_RETENTION must be longer than OUTBOX_RETENTION and STREAM_RETENTION "
                "together, or an event that comes again could be handled twice"
            )
        return self


def load(settings: type[S], **overrides: object) -> S:
    """Read settings; an override that is None does not count. Raises Misconfigured with one line
    on what is wrong."""
    given: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    try:
        return settings(**given)
    except ValidationError as error:
        raise Misconfigured("; ".join(map(_problem, error.errors()))) from None


def _problem(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return message
    if error["type"] == "time_delta_parsing":
        message = "input should be a time such as 14d, or PT12H for hours"
    return f"{'.'.join(map(str, error['loc'])).upper()}: {message[:1].lower()}{message[1:]}"

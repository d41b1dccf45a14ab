"""The settings: wrong ones are named in one line, a service's own among them."""

from datetime import timedelta
from typing import assert_type

import pytest
from pydantic import Field

from orders.chassis import Settings
from orders.chassis.errors import Misconfigured
from orders.chassis.settings import load

from ..service import OwnSettings, service


def test_what_is_missing_is_named() -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL: field required; REDIS_URL"):
        service.load_settings()


def test_what_is_wrong_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db/orders")
    monkeypatch.setenv("REDIS_URL", "redis://:secret@redis/0")
    monkeypatch.setenv("CONSUMER_CONCURRENCY", "many")

    with pytest.raises(Misconfigured, match="CONSUMER_CONCURRENCY") as raised:
        service.load_settings()

    assert "secret" not in str(raised.value)


URLS = {"database_url": "postgresql://db/o", "redis_url": "redis://r"}


class Mail(Settings):
    """The settings of a service that has some of its own."""

    mail_host: str
    mail_port: int = Field(25, ge=1)


def test_own_settings_are_read_and_have_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREETING", "good morning")

    settings = service.load_settings(**URLS)

    assert_type(settings, OwnSettings)
    assert assert_type(settings.greeting, str) == "good morning"


def test_an_own_setting_that_is_missing_is_named_in_one_line() -> None:
    with pytest.raises(Misconfigured) as raised:
        load(Mail, **URLS)

    assert str(raised.value) == "MAIL_HOST: field required"


def test_an_own_setting_that_is_wrong_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_HOST", "mail.example")
    monkeypatch.setenv("MAIL_PORT", "0")

    with pytest.raises(Misconfigured) as raised:
        load(Mail, **URLS)

    assert str(raised.value) == "MAIL_PORT: input should be greater than or equal to 1"


@pytest.mark.parametrize(
    ("name", "written", "days"),
    [
        ("STREAM_RETENTION", "3d", 3),
        ("STREAM_RETENTION", "3 days", 3),
        ("STREAM_RETENTION", "PT12H", 0.5),
        ("OUTBOX_RETENTION", "P9DT12H", 9.5),
    ],
)
def test_a_retention_is_written_in_days_or_hours(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, days: float
) -> None:
    monkeypatch.setenv(name, written)

    assert getattr(service.load_settings(**URLS), name.lower()) == timedelta(days=days)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("12h", "STREAM_RETENTION: input should be a time such as 14d, or PT12H for hours"),
        ("7", "STREAM_RETENTION: input should be a time such as 14d, or PT12H for hours"),
        ("-1d", "STREAM_RETENTION: input should be greater than 0 seconds"),
    ],
)
def test_a_retention_that_cannot_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch, written: str, problem: str
) -> None:
    monkeypatch.setenv("STREAM_RETENTION", written)

    with pytest.raises(Misconfigured) as raised:
        service.load_settings(**URLS)

    assert problem == str(raised.value)


@pytest.mark.parametrize(
    ("retentions", "problem"),
    [
        ({"outbox": 7}, "OUTBOX_RETENTION must be longer than STREAM_RETENTION,"),
        ({"inbox": 21}, "INBOX_RETENTION must be longer than OUTBOX_RETENTION and"),
        ({"stream": 20, "outbox": 21}, "INBOX_RETENTION must be longer than"),
    ],
)
def test_retentions_that_contradict_each_other_stop_the_start(
    retentions: dict[str, int], problem: str
) -> None:
    given = {f"{name}_retention": timedelta(days=days) for name, days in retentions.items()}
    with pytest.raises(Misconfigured) as raised:
        service.load_settings(**URLS, **given)

    assert str(raised.value).startswith(problem)
    assert "\n" not in str(raised.value)


def test_urls_do_not_show_when_settings_are_printed() -> None:
    settings = service.load_settings(
        database_url="postgresql://me:secret@db/o", redis_url="redis://:secret@r"
    )

    assert "secret" not in repr(settings)


@pytest.mark.parametrize("token", ["x" * 23, f"{'x' * 23}\n", " " * 30])
def test_a_token_that_could_be_guessed_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("OPS_TOKEN", token)

    with pytest.raises(Misconfigured) as raised:
        service.load_settings(**URLS)

    told = "OPS_TOKEN: needs 24 characters or more; make one: openssl rand -hex 24"
    assert told == str(raised.value)


def test_a_token_is_taken_without_the_white_space_of_its_file_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPS_TOKEN", f"{'x' * 24}\n")
    settings = service.load_settings(**URLS)

    assert settings.ops_token
    assert "x" * 24 == settings.ops_token.get_secret_value()
    assert "xxx" not in repr(settings)


def test_without_a_token_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TOKEN", "")

    assert service.load_settings(**URLS).ops_token is None

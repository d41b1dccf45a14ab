"""What is kept of an error."""

from time import monotonic

import pytest

from orders.chassis.messaging.failure import MAX_TEXT, Failure, Reason, describe


def failure_of(message: str) -> Failure:
    """What is kept of an error with this message."""
    try:
        raise ValueError(message)
    except ValueError as error:
        return describe(error, Reason.ATTEMPTS)


def test_passwords_are_struck_out() -> None:
    told = failure_of("postgresql://me:hunter2@db/orders password=hunter2 token: hunter2")

    assert "hunter2" not in told.error + told.traceback


@pytest.mark.parametrize(
    "said",
    [
        "Authorization: Bearer hunter2",
        "AWS_SECRET_ACCESS_KEY=hunter2",
        '{"secret_key": "hunter2 hunter2"}',
        "password = 'my hunter2'",
        "amqp://u:p@hunter2@host/v",
        "Cookie: hunter2",
    ],
)
def test_secrets_are_struck_out_whatever_they_are_called(said: str) -> None:
    assert "hunter2" not in failure_of(said).error


def test_what_a_stranger_sent_cannot_keep_the_process_busy() -> None:
    started = monotonic()
    failure_of("://a:" * 100_000)
    failure_of("secret" * 100_000)

    assert monotonic() - started < 1


def test_an_error_without_a_text_is_told_by_its_name() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Mute" in describe(Mute(), Reason.ATTEMPTS).error


def test_long_errors_are_cut() -> None:
    told = failure_of("x" * 100_000)

    assert (MAX_TEXT, MAX_TEXT) == (len(told.error), len(told.traceback))


def test_what_postgres_cannot_store_is_spelled_out() -> None:
    assert r"ValueError: \x00 \ud800" == failure_of("\x00 \ud800").error


def test_failures_of_one_cause_are_alike() -> None:
    assert failure_of("order 1").fingerprint == failure_of("order 2").fingerprint

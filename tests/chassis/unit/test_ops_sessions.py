"""Sessions at the desk: signed, for some hours, gone with the token; and the login's rate limit."""

import pytest

from orders.chassis.ops.login import MAX_IN_ALL, MAX_PER_CLIENT, WINDOW, LoginRateLimit
from orders.chassis.ops.sessions import HOURS, Sessions

TOKEN = "a-token-that-nobody-guesses"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_session_is_known_by_its_cookie_until_it_ends() -> None:
    clock = Clock()
    sessions = Sessions(TOKEN, clock)
    session = sessions.open("operator")
    cookie = session.cookie

    clock.now += HOURS * 3600 - 1
    assert session == sessions.read(cookie, "operator")
    clock.now += 1
    assert sessions.read(cookie, "operator") is None


def test_a_new_token_ends_every_session() -> None:
    before = Sessions(TOKEN)
    cookie = before.open("operator").cookie

    assert before.read(cookie, "operator")
    assert Sessions(TOKEN + "2").read(cookie, "operator") is None


def test_a_cookie_that_was_changed_anywhere_is_none() -> None:
    sessions = Sessions(TOKEN)
    cookie = sessions.open("operator").cookie

    for at, letter in enumerate(cookie):
        other = "1" if letter != "1" else "2"
        assert sessions.read(cookie[:at] + other + cookie[at + 1 :], "operator") is None


@pytest.mark.parametrize("cookie", ["", ".", "....", "operator.1.2.3", "é.ü.ö.ä", "x" * 9000])
def test_what_is_no_cookie_is_no_session(cookie: str) -> None:
    assert Sessions(TOKEN).read(cookie, "operator") is None


def test_a_guest_is_no_operator() -> None:
    sessions = Sessions(TOKEN)
    guest = sessions.open("guest").cookie

    assert sessions.read(guest, "guest")
    assert sessions.read(guest, "operator") is None


def test_a_form_belongs_to_one_session() -> None:
    sessions = Sessions(TOKEN)
    session = sessions.open("operator")

    assert session.owns(session.form_token)
    assert not session.owns(sessions.open("operator").form_token)
    assert not session.owns("")
    assert not session.owns("é\udc80")


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "2", TOKEN.upper(), "é\udc80"])
def test_only_the_token_opens_the_desk(token: str) -> None:
    assert Sessions(TOKEN).admits(f" {TOKEN}\n")
    assert not Sessions(TOKEN).admits(token)


def test_a_client_may_try_so_often_and_then_has_to_wait() -> None:
    clock = Clock()
    limit = LoginRateLimit(clock)

    assert [0] * MAX_PER_CLIENT == [limit.admit("a") for _ in range(MAX_PER_CLIENT)]
    clock.now += 10
    assert WINDOW - 10 == limit.admit("a")
    assert limit.admit("b") == 0
    clock.now += WINDOW
    assert [0] * MAX_PER_CLIENT == [limit.admit("a") for _ in range(MAX_PER_CLIENT)]
    assert WINDOW == limit.admit("a")


def test_whoever_knew_the_token_starts_anew() -> None:
    limit = LoginRateLimit(Clock())
    for _ in range(MAX_PER_CLIENT):
        limit.admit("a")

    limit.reset("a")

    assert limit.admit("a") == 0


def test_any_number_of_clients_share_one_limit_and_little_memory() -> None:
    clock = Clock()
    limit = LoginRateLimit(clock)

    admitted = [limit.admit(str(client)) == 0 for client in range(10_000)]

    assert MAX_IN_ALL == sum(admitted) == len(limit._attempts)
    clock.now += WINDOW
    assert limit.admit("another") == 0

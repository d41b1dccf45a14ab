"""The desk's door: shut without a token, and whoever is not let in changes nothing."""

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs

from orders.chassis.ops.login import MAX_PER_CLIENT
from orders.chassis.ops.sessions import HOURS, Sessions
from orders.chassis.ops.site import open_desk
from orders.chassis.roles.api import run_api
from orders.chassis.settings import Settings

from ..letters import seed, states
from ..operators import TOKEN, Operator, at_the_desk, hidden, query, words
from ..pipe import Pipe, eventually
from ..service import SERVICE, service

COOKIE = f"{SERVICE}-desk"
PAGES = ["/ops", "/ops/letters", "/ops/letters/1", "/ops/confirm"]
FORMS = ["/ops/decide", "/ops/logout"]


async def answers(servers: dict[str, object], *requests: tuple[str, str]) -> list[httpx.Response]:
    """What the real role answers to these methods and paths."""
    stopping = asyncio.Event()
    with capture_logs() as logs:

        async def listening() -> bool:
            return any(line["event"] == "http.listening" for line in logs)

        async with asyncio.TaskGroup() as tasks:
            role = run_api(service, Settings.model_validate({"api_port": 0} | servers), stopping)
            tasks.create_task(role)
            await eventually(listening)
            port = next(line["port"] for line in logs if line["event"] == "http.listening")
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                found = [await client.request(*request) for request in requests]
            stopping.set()
    return found


async def test_without_a_token_there_is_no_desk(servers: dict[str, object]) -> None:
    paths = [*PAGES, *FORMS, "/ops/login", "/ops/desk.css"]
    requests = [(method, path) for path in paths for method in ("GET", "POST", "PUT")]
    *found, nowhere = await answers(servers, *requests, ("GET", "/nowhere"))

    dated = ("date", "traceparent")
    for answer in (*found, nowhere):
        headers = {k: v for k, v in answer.headers.items() if k not in dated}
        assert (404, nowhere.content) == (answer.status_code, answer.content)
        assert headers == {k: v for k, v in nowhere.headers.items() if k not in dated}


async def test_the_log_of_requests_names_the_pages_of_the_desk(operator: Operator) -> None:
    with capture_logs() as logs:
        await operator.get("/ops/letters/7")

    (line,) = [line for line in logs if line["event"] == "http.request"]
    assert line["route"] == "/ops/letters/{number}"


async def test_with_a_token_the_api_serves_the_desk(servers: dict[str, object]) -> None:
    page, css = await answers(
        servers | {"ops_token": TOKEN}, ("GET", "/ops"), ("GET", "/ops/desk.css")
    )

    assert (303, "/ops/login?next=/ops") == (page.status_code, page.headers["location"])
    assert (200, "text/css; charset=utf-8") == (css.status_code, css.headers["content-type"])


async def test_every_page_and_form_but_the_login_asks_who_is_there(
    servers: dict[str, object],
) -> None:
    async with open_desk(
        SERVICE, Settings.model_validate(servers | {"ops_token": TOKEN}), {}
    ) as routes:
        paths = {(method, route.path) for route in routes for method in route.methods or ()}

    unguarded = {("POST", "/ops/login"), *((m, p) for m, p in paths if m == "HEAD")}
    unguarded |= {("GET", path) for path in ("/ops/login", "/ops/desk.css", "/ops/desk.svg")}
    guarded = {("GET", path.replace("1", "{number}")) for path in PAGES}
    assert guarded | {("POST", path) for path in FORMS} == paths - unguarded


async def test_a_stranger_is_led_to_the_login(stranger: Operator) -> None:
    for path in PAGES:
        answer = await stranger.get(path)

        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/ops/login?next=/ops")


async def test_a_strangers_form_changes_nothing(stranger: Operator) -> None:
    for path in FORMS:
        answer = await stranger.send(path, {"action": "discard", "group": "f1"})

        assert answer.status_code == 403
        assert "Nothing was changed." in words(answer.text)


async def test_the_token_opens_the_page_that_was_asked_for(stranger: Operator) -> None:
    led = await stranger.get("/ops/letters?group=f1&after=3")
    asked = await stranger.get(led.headers["location"])
    entered = await stranger.send("/ops/login", hidden(asked) | {"token": TOKEN})

    assert (303, "/ops/letters?group=f1&after=3") == (
        entered.status_code,
        entered.headers["location"],
    )
    assert (await stranger.get("/ops")).status_code == 200


async def test_the_login_leads_nowhere_else(stranger: Operator) -> None:
    elsewhere = ["//evil.example", "https://evil.example/ops", "/ops@evil", "/ops/../x", "", "/x"]
    for address in (*elsewhere, "/ops/decide"):
        stranger.client.cookies.clear()
        entered = await stranger.log_in(address=address)

        assert "/ops" == entered.headers["location"]


async def test_a_wrong_token_opens_nothing_and_is_not_logged(stranger: Operator) -> None:
    with capture_logs() as logs:
        answer = await stranger.log_in("a-token-that-somebody-guessed")

    assert answer.status_code == 403
    assert "Wrong token." in words(answer.text)
    assert COOKIE not in answer.cookies
    assert "desk.login_refused" in [line["event"] for line in logs]
    assert "somebody-guessed" not in f"{logs}{answer.text}"


async def test_after_some_wrong_tokens_even_the_right_one_has_to_wait(stranger: Operator) -> None:
    for _ in range(MAX_PER_CLIENT):
        await stranger.log_in("wrong")

    answer = await stranger.log_in()

    assert 429 == answer.status_code
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert COOKIE not in answer.cookies


@pytest.mark.parametrize(
    ("base_url", "headers", "secure"),
    [
        ("http://test", {}, False),
        ("https://test", {}, True),
        ("http://test", {"x-forwarded-proto": "https"}, True),
    ],
)
async def test_the_cookie_stays_in_the_browser_and_on_this_path(
    pipe: Pipe, servers: dict[str, object], base_url: str, headers: dict[str, str], secure: bool
) -> None:
    async with at_the_desk(pipe, settings=servers, base_url=base_url) as stranger:
        stranger.client.headers.update(headers)
        asked = await stranger.get("/ops/login")
        guest, _, _ = asked.headers["set-cookie"].partition(";")
        stranger.client.headers["cookie"] = guest  # on http the client itself keeps no secure one
        entered = await stranger.send("/ops/login", hidden(asked) | {"token": TOKEN})

    name, *attributes = entered.headers["set-cookie"].split("; ")
    expected = {"HttpOnly", f"Max-Age={HOURS * 3600}", "Path=/ops", "SameSite=strict"}
    assert name.startswith(f"{COOKIE}=operator.")
    assert set(attributes) == expected | ({"Secure"} if secure else set())


def forged(kind: str) -> str:
    """A cookie that is not an operator's."""
    sessions = Sessions("another-token-than-the-desks" if kind == "other key" else TOKEN)
    if kind == "expired":
        sessions = Sessions(TOKEN, lambda: 0)
    cookie = sessions.open("guest" if kind == "guest" else "operator").cookie
    longer = cookie.replace(".", ".9", 1)
    return longer if kind == "longer" else cookie


@pytest.mark.parametrize("kind", ["other key", "expired", "guest", "longer"])
async def test_a_forged_or_old_cookie_opens_nothing(
    stranger: Operator, pipe: Pipe, kind: str
) -> None:
    await seed(pipe)
    stranger.client.cookies.set(COOKIE, forged(kind))

    page = await stranger.get("/ops")
    form = await stranger.send("/ops/decide", {"action": "discard", "group": "f1"})

    assert (303, 403) == (page.status_code, form.status_code)
    assert {"open": 1} == await states(pipe)


@pytest.mark.parametrize("kind", ["none", "invented", "of another session"])
async def test_a_form_that_no_page_of_this_session_made_changes_nothing(
    operator: Operator, pipe: Pipe, kind: str
) -> None:
    await seed(pipe)
    sessions = Sessions(TOKEN)
    tokens = {
        "invented": "0" * 64,
        "of another session": sessions.open("operator").form_token,
    }
    asked = hidden((await operator.get(f"/ops/confirm?{query('discard', group='f1')}")).text)
    fields = asked | {"form_token": tokens.get(kind, "")}

    answer = await operator.send("/ops/decide", fields)

    assert answer.status_code == 403
    assert {"open": 1} == await states(pipe)
    assert (await operator.send("/ops/decide", asked)).status_code == 200
    assert {"discarded": 1} == await states(pipe)


async def test_logging_out_forgets_the_session(operator: Operator) -> None:
    answer = await operator.send("/ops/logout", hidden(await operator.get("/ops")))

    assert (303, "/ops/login") == (answer.status_code, answer.headers["location"])
    assert (await operator.get("/ops")).status_code == 303


async def test_a_link_on_another_site_leads_to_its_page_all_the_same(stranger: Operator) -> None:
    across = {"sec-fetch-site": "cross-site"}
    answer = await stranger.client.get("/ops/letters/7?x=%22%3E", headers=across)

    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/ops/letters/7?x=%22%3E">' in answer.text
    assert "set-cookie" not in answer.headers


async def test_nothing_on_a_page_can_run_be_framed_or_be_kept(operator: Operator) -> None:
    for path in (*PAGES, "/ops/login", "/ops/desk.css", "/ops/desk.svg"):
        headers = (await operator.get(path)).headers
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))

        assert {"'self'", "'none'"} == set(policy.values())
        assert ("'none'", "'none'") == (policy["default-src"], policy["frame-ancestors"])
        assert "script-src" not in policy
        assert headers["cache-control"] in ("no-store", "no-cache")
        assert headers["x-content-type-options"] == "nosniff"


async def test_a_form_that_is_too_large_is_refused(stranger: Operator) -> None:
    answer = await stranger.send("/ops/login", {"token": "x" * 70_000})

    assert answer.status_code == 413

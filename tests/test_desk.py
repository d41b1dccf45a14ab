"""The desk in a real browser: read why an event failed, replay it, and see the effect."""

import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect, sync_playwright
from pytest_copie.plugin import Copie

from conftest import ROOT
from desk import TOKEN, Service, Visit, serving, visiting
from rendering import render
from running import install, needed, run
from serving import ask

HOSTILE = "<script>owned()</script><img src=x onerror=owned()>" + "W" * 300
GROUP = re.compile("no carrier takes the order of")
PATHS = [
    "/ops",
    "/ops/letters",
    "/ops/letters/1",
    "/ops/letters?id=1&id=2",
    "/ops/letters/999",
    "/ops/confirm?action=replay&id=1&id=999",
    "/ops/confirm?action=discard&id=1",
]
# Written to the stream by its own client, as any program could that reaches Redis.
HOSTILE_ENTRY = """\
import sys, redis
url, text = sys.argv[1:]
names = ("ce_specversion", "ce_id", "ce_source", "ce_subject", "ce_time", "ce_traceparent", text)
fields = dict.fromkeys((*names, "data"), text) | {"ce_type": "orders.OrderCreated.v1"}
redis.Redis.from_url(url).xadd("orders", fields)
"""
# A busy hour, for the pictures.
BUSY = """
    WITH moment AS (
        SELECT now() - make_interval(secs => 60 * m - 30) AS at
        FROM generate_series(1, 60) AS m, generate_series(1, 40 + (m * 37) % 23 - m / 2)
    ), published AS (
        INSERT INTO outbox_sent
            (event_id, id, stream, stream_id, attributes, data, created_at, sent_at)
        SELECT gen_random_uuid(), 0, 'orders', '1-0', '{}', '{}', at, at FROM moment
    )
    INSERT INTO inbox (handler, event_id, state, decided_at)
    SELECT 'book_carrier', gen_random_uuid(), 'done', at + interval '9 s' FROM moment
"""
# Every text, and the least contrast that it may have by WCAG 2.2 (AA) with what is behind it.
CONTRASTS = """() => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number)
  const light = colour => rgb(colour).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = element => {
    const colour = getComputedStyle(element).backgroundColor
    return rgb(colour)[3] === 0 ? behind(element.parentElement) : colour
  }
  const texts = [...document.body.querySelectorAll("*")].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  return texts.map(element => {
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort()
    return [element.innerText, Math.max(a, b) + 0.05, Math.min(a, b) + 0.05]
  }).filter(([, more, less]) => more / less < 4.5)
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = needed("chromium", "to look at the desk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(browser: Browser, copie_session: Copie) -> Iterator[Service]:
    assert browser  # before anything is installed for it
    with serving(install(render(copie_session, "desk", {}).folder)) as service:
        service.give_up_orders_of("bob", "cem", "dora", "eve")
        yield service


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Visit]:
    with visiting(browser, service) as visit:
        yield visit


@pytest.fixture
def picture(request: pytest.FixtureRequest, service: Service) -> Callable[[Page, str], None]:
    """Take a picture for docs/, when pytest is told to accept what there is now."""

    def take(page: Page, name: str) -> None:
        if request.config.getoption("--update-golden"):
            service.rows(BUSY)
            page.reload()
            service.rows("DELETE FROM outbox_sent WHERE id = 0")  # or the relay sends it again
            clip = FloatRect(x=0, y=0, width=1000, height=720)
            page.screenshot(path=ROOT / "docs" / f"desk-{name}.png", clip=clip)

    return take


def test_a_stranger_gets_the_login_and_nothing_else(visit: Visit) -> None:
    page = visit.go("/ops/letters/1")
    page.get_by_label("Token").fill("no token at all")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert")).to_contain_text("Wrong token.")
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dead letter 1")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_by_day_and_by_night(
    browser: Browser, service: Service, scheme: str, picture: Callable[[Page, str], None]
) -> None:
    with visiting(browser, service, color_scheme=scheme) as visit:
        page = visit.go("/ops/login")
        assert page.evaluate(CONTRASTS) == []
        page = visit.log_in()
        picture(page, f"overview-{scheme}")
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        for path in PATHS:
            visit.go(path)
            assert page.evaluate(CONTRASTS) == [], path
        visit.go("/ops/letters/1")
        picture(page, f"letter-{scheme}")

    (brightness,) = {int(n) // 128 for n in re.findall(r"\d+", background)}
    assert brightness == (scheme == "light")


@pytest.fixture(scope="module")
def hostile(service: Service) -> str:
    """Have an event die that is hostile in every field; the path of its page."""
    python = service.folder / ".venv" / "bin" / "python"
    run(service.folder, str(python), "-c", HOSTILE_ENTRY, service.redis_url, HOSTILE)
    service.until("SELECT count(*) FROM dead_letters WHERE reason = 'undecodable'", 1)
    ((newest,),) = service.rows("SELECT max(id) FROM dead_letters")
    return f"/ops/letters/{newest}"


def test_nothing_in_a_hostile_event_runs(visit: Visit, hostile: str) -> None:
    page = visit.log_in()
    for path in (*PATHS, hostile):
        visit.go(path)
        assert page.locator("script, main img").count() == 0

    assert page.get_by_text("<script>owned()</script>").count() >= 8


def test_nothing_is_wider_than_a_phone(browser: Browser, service: Service, hostile: str) -> None:
    with visiting(browser, service, viewport={"width": 360, "height": 740}) as visit:
        page = visit.log_in()
        for path in (*PATHS, hostile):
            visit.go(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 360, path


def test_a_link_on_another_site_finds_who_has_logged_in(visit: Visit) -> None:
    page = visit.log_in()
    page.goto(f"{visit.service.url.replace('127.0.0.1', 'localhost')}/health/live")
    visit.complaints.clear()  # that this is another site

    page.evaluate(f"location.href = '{visit.service.url}/ops/letters/1'")

    expect(page.get_by_role("heading", name="Dead letter 1")).to_be_visible()


def test_the_keyboard_is_enough_to_read_why_an_event_failed_and_to_replay_it(visit: Visit) -> None:
    page = visit.log_in()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")

    press(page, "link", "no carrier takes the order of")
    press(page, "link", "^1$")
    expect(page.locator("pre.error")).to_contain_text("no carrier takes the order of bob")
    expect(page.get_by_text("Handler book_carrier failed.")).to_be_visible()
    (visit.service.folder / "mended").touch()
    press(page, "button", "^Replay$")
    press(page, "button", "^Replay 1$")
    expect(page.get_by_role("heading", name="Marked for replay: 1")).to_be_visible()
    press(page, "link", "Show this dead letter")

    replayed(visit, 1)
    expect(page.get_by_role("heading", name="Dead letter 1 replayed")).to_be_visible()


def test_a_selection_and_then_the_rest_of_the_group_are_decided_on(visit: Visit) -> None:
    page = visit.log_in()
    (visit.service.folder / "mended").touch()
    page.get_by_role("link", name=GROUP).click()
    page.get_by_label("Choose dead letter 2").check()
    page.get_by_role("button", name="Discard chosen").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_visible()
    page.get_by_role("button", name="Discard 1").click()
    expect(page.get_by_role("heading", name="Discarded: 1")).to_be_visible()

    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name=GROUP).click()
    page.get_by_role("button", name="Replay all 2 open").click()
    page.get_by_role("button", name="Replay 2").click()
    page.get_by_role("link", name="Show these dead letters").click()

    replayed(visit, 3)
    expect(page.get_by_text("replayed", exact=True)).to_have_count(2)


def replayed(visit: Visit, orders: int) -> None:
    """Wait for the effect, which comes once for each order, and look at the page again."""
    visit.service.until("SELECT count(*) FROM dead_letters WHERE state = 'replay'", 0)
    assert ask(visit.service.port, "/customers/north-line/totals")["orders"] == orders
    visit.page.reload()


def press(page: Page, role: Literal["button", "link"], name: str) -> None:
    """Go on with Tab until this has the focus, see that this shows, and press Enter."""
    wanted = page.get_by_role(role, name=re.compile(name)).first
    wanted.wait_for()
    for _ in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    outline = wanted.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline == "solid", f"{name}: no focus to be seen"
    with page.expect_navigation():
        page.keyboard.press("Enter")

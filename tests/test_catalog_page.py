"""The catalog's page: complete in itself, readable as it is, and safe whatever services say."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conftest import Eventsmith
from shops import TEXT, Shop, contract, made_up, many

VOID = {"meta", "input"}
EVIL = "</style></script><script>document.title = 'taken over'</script><img src=x onerror=alert()>"


class Page(HTMLParser):
    """Reads a page strictly: every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        self.tags.append((tag, dict(attrs)))
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element of SVG that holds nothing."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take what is to be read."""
        if self.open and self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that is to be read."""
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute, wherever it is."""
        return [str(attrs[attribute]) for _, attrs in self.tags if attribute in attrs]

    def count(self, tag: str) -> int:
        """Return how many elements there are of a kind."""
        return [name for name, _ in self.tags].count(tag)


def html(eventsmith: Eventsmith, folder: str = "services") -> str:
    result = eventsmith("catalog", folder, "--format", "html")
    assert result.exit_code == 0, result.output
    return result.stdout


def with_evil(folder: Path) -> Path:
    shop = Shop(folder)
    snapshot = contract("orders.OrderCreated.v1", about=EVIL)
    snapshot["properties"] = {EVIL: TEXT | {"description": EVIL}, "a": {"enum": [EVIL]}}
    shop.event(shop.service("orders", f"Größe {EVIL}"), "publishes", snapshot)
    shop.event(shop.service("inventory"), "consumes", contract("orders.OrderCreated.v1"))
    return folder


def test_tells_all_there_is_to_know_of_each_event(eventsmith: Eventsmith) -> None:
    made_up(Path("services"))

    page = Page(html(eventsmith))

    assert "4 services, 8 events, 3 warnings" in page.text
    article = page.text[page.text.rindex("OrderCreated v2 orders.OrderCreated.v2") :]
    for part in (
        "A customer has ordered, and was told so.",
        "Publisher orders Consumers inventory Stream orders Versions v1 , v2",
        "total_amount decimal number, as text required With tax, in the currency of the shop.",
        "lines[].quantity whole number, at least 1 required",
        "channel one of web, store, phone optional Where it came from.",
        '"sku": "sku"',
    ):
        assert part in article
    warning = "the contract in orders is behind its publisher, without harm: tracking is optional"
    assert page.text.count(warning) == 2  # at the top, and at the event


def test_needs_nothing_else_and_leads_nowhere_else(eventsmith: Eventsmith) -> None:
    made_up(Path("services"))

    text = html(eventsmith)
    page = Page(text)

    [policy] = [str(a["content"]) for _, a in page.tags if "Security" in str(a.get("http-equiv"))]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not page.values("src")
    assert not page.values("style")
    assert "url(http" not in text
    assert "@import" not in text
    names = page.values("id")
    assert len(set(names)) == len(names)
    assert all(target.removeprefix("#") in names for target in page.values("href"))
    assert set(page.values("aria-labelledby")) <= set(names)


def test_whatever_services_say_is_only_text(eventsmith: Eventsmith) -> None:
    with_evil(Path("services"))

    text = html(eventsmith)
    page = Page(text)

    assert text.isascii()  # so that no terminal's encoding can break it
    assert f"Größe {EVIL}" in page.text
    assert page.count("script") == 1
    assert page.count("img") == 0
    assert not page.values("onerror")


@pytest.mark.parametrize(("services", "events"), [(3, 10), (12, 2)])
def test_the_picture_has_room_for_everything(
    eventsmith: Eventsmith, services: int, events: int
) -> None:
    many(Path("services"), services, events)

    page = Page(html(eventsmith))

    boxes = [a for tag, a in page.tags if tag == "rect" and a["class"] == "box"]
    assert len(boxes) == 3 * services  # a publisher, a stream and a consumer each
    placed = [[float(str(box[key])) for key in ("x", "y", "width", "height")] for box in boxes]
    for number, (x, y, width, height) in enumerate(placed):
        for x2, y2, width2, height2 in placed[number + 1 :]:
            beside = x + width <= x2 or x2 + width2 <= x
            assert beside or y + height <= y2 or y2 + height2 <= y
    [view] = [str(a["viewbox"]) for tag, a in page.tags if tag == "svg"]
    lowest = float(view.split()[1]) + float(view.split()[3])
    assert max(y + height for _, y, _, height in placed) <= lowest
    ends = re.findall(r"([\d.]+ [\d.]+)$", "\n".join(page.values("d")), re.MULTILINE)
    arrows = services + services * events + services * (events // 2)
    assert len(set(ends)) == arrows  # no two end at one place


def test_services_without_events_make_a_page_too(eventsmith: Eventsmith) -> None:
    Shop(Path("services")).service("orders")

    page = Page(html(eventsmith))

    assert "1 service, 0 events, no warnings" in page.text
    assert page.count("svg") == 0


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
def test_a_browser_runs_the_filter_and_nothing_else(eventsmith: Eventsmith, tmp_path: Path) -> None:
    with_evil(Path("services"))
    (tmp_path / "page.html").write_text(html(eventsmith), "utf-8")

    done = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
            (tmp_path / "page.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert "<title>Event catalog</title>" in done.stdout
    assert '<label class="filter">' in done.stdout  # shown by the script
    assert "CONSOLE" not in done.stderr  # where a browser tells what the policy forbade

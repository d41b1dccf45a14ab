"""An operator at the desk: HTTP as a browser sends it, to the real application."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from html import unescape
from urllib.parse import urlencode

import httpx

from orders.chassis.http.app import create_app
from orders.chassis.messaging.handlers import Handler
from orders.chassis.messaging.publishing.notify import OutboxNotifier
from orders.chassis.ops.site import open_desk
from orders.chassis.settings import Settings

from .pipe import Pipe
from .service import service

TOKEN = "a-token-that-nobody-guesses"
_HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')


class Operator:
    """Sends what the forms of a page would send."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str) -> httpx.Response:
        """A page."""
        return await self.client.get(path)

    async def text(self, path: str) -> str:
        """What a page says, without its markup."""
        return words((await self.get(path)).text)

    async def log_in(self, token: str = TOKEN, address: str = "/ops") -> httpx.Response:
        """Fill in the form."""
        asked = await self.client.get("/ops/login", params={"next": address})
        return await self.send("/ops/login", hidden(asked) | {"token": token})

    async def send(self, path: str, fields: dict[str, str | list[str]]) -> httpx.Response:
        """Send a form."""
        return await self.client.post(
            path,
            content=urlencode(fields, doseq=True),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

    async def decide(self, action: str, **chosen: object) -> str:
        """Choose, confirm, and return what the last page says."""
        asked = await self.client.get(f"/ops/confirm?{query(action, **chosen)}")
        answer = await self.send("/ops/decide", hidden(asked.text.partition("<main")[2]))
        assert answer.status_code == 200, answer.text
        return words(answer.text)


def query(action: str, **chosen: object) -> str:
    """The query of a decision."""
    return urlencode({"action": action} | chosen, doseq=True)


def hidden(page: httpx.Response | str) -> dict[str, str | list[str]]:
    """What the forms of a page carry unseen."""
    text = page if isinstance(page, str) else page.text
    fields: dict[str, list[str]] = {}
    for name, value in _HIDDEN.findall(text):
        fields.setdefault(name, []).append(unescape(value))
    return dict(fields)


def words(page: str) -> str:
    """The text of a page's main part, each run of white space as one space."""
    main = page.partition("<main")[2].partition(">")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


@asynccontextmanager
async def at_the_desk(
    pipe: Pipe,
    *handlers: Handler,
    settings: dict[str, object],
    base_url: str = "http://test",
) -> AsyncIterator[Operator]:
    """Somebody who has not logged in, at the desk of a service with these handlers."""
    by_type: dict[str, Sequence[Handler]] = {str(pipe.type): handlers}
    desk_settings = Settings.model_validate({"ops_token": TOKEN} | settings)
    async with open_desk(service.name, desk_settings, by_type) as routes:
        app = create_app(service, pipe.units, OutboxNotifier(pipe.database))
        app.router.routes.extend(routes)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            yield Operator(client)

"""The role that serves the HTTP API."""

import asyncio

from .. import SERVICE
from ..api.app import create_app
from ..handlers.registry import registered_handlers
from ..ops.site import open_desk
from ..serving import http
from ..settings import Settings
from ..tracing import exports, trace_requests
from ..wiring import database, discover, units_of_work


async def run_api(settings: Settings, stopping: asyncio.Event) -> None:
    """Serve the API until `stopping` is set."""
    discover()
    postgres = database(settings, "api")
    async with (
        units_of_work(settings, postgres, settings.database_pool_size) as (units, poker),
        open_desk(settings, registered_handlers()) as desk,
    ):
        app = create_app(SERVICE, units, poker)
        app.router.routes.extend(desk)
        if exports(settings):
            trace_requests(app)
        async with http(
            app,
            settings.bind_host,
            settings.api_port,
            settings.drain_timeout,
            settings.request_max_bytes,
        ):
            await stopping.wait()

"""The role that serves the HTTP API."""

import asyncio

from ..http.app import create_app
from ..messaging.handlers import registered_handlers
from ..ops.site import open_desk
from ..service import AnyService
from ..settings import Settings
from ..tracing.setup import exports, trace_requests
from .wiring import database, serving, units_of_work


async def run_api(service: AnyService, settings: Settings, stopping: asyncio.Event) -> None:
    """Serve the API until `stopping` is set."""
    service.discover()
    postgres, pool_size = database(service, settings, "api"), settings.database_pool_size
    async with (
        units_of_work(service, settings, postgres, pool_size) as (units, notifier),
        open_desk(service.name, settings, registered_handlers()) as desk,
    ):
        app = create_app(service, units, notifier)
        app.router.routes.extend(desk)
        if exports(settings):
            trace_requests(app)
        async with serving(app, settings, settings.api_port):
            await stopping.wait()

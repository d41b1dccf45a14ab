"""The role that serves the HTTP API."""

import asyncio

from .. import SERVICE
from ..api.app import create_app
from ..serving import http
from ..settings import Settings
from ..wiring import database, discover, units_of_work


async def run_api(settings: Settings, stopping: asyncio.Event) -> None:
    """Serve the API until `stopping` is set."""
    discover()
    postgres = database(settings, "api")
    async with units_of_work(settings, postgres, settings.database_pool_size) as (units, poker):
        app = create_app(SERVICE, units, poker)
        async with http(
            app,
            settings.bind_host,
            settings.api_port,
            settings.drain_timeout,
            settings.request_max_bytes,
        ):
            await stopping.wait()

"""The service's ordinary command line in a process of the tests, with endpoints of their own."""

from typing import Any
from unittest.mock import patch

from fastapi import APIRouter, FastAPI

from chassis.proved import service
from orders.chassis.cli import main as cli
from orders.chassis.http.app import create_app


def run(router: APIRouter) -> None:
    """Run the command that the process was given; its API has these endpoints too."""

    def with_router(*arguments: Any) -> FastAPI:
        app = create_app(*arguments)
        app.include_router(router)
        return app

    with patch("orders.chassis.roles.api.create_app", with_router):
        cli.run(service)

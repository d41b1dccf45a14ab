"""The command line: a process for each role, and the commands of an operator.

A command imports what it needs when it runs, so that `--help` and errors come at once.
"""

import json
import sys
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from typing import Annotated

import typer

from ..errors import Misconfigured, ServiceError
from ..service import AnyService
from . import dead_letters, outbox
from .options import AsJson

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(outbox.app, name="outbox")
Host = Annotated[str | None, typer.Option(help="Listen on this address.")]
Port = Annotated[int | None, typer.Option(help="Listen on this port; 0 takes a free one.")]


def run(service: AnyService) -> None:
    """Run the command line of a service. A ServiceError is printed as one line; exit code 1.

    Commands find the service as `obj` of their context.
    """
    app.info.help = f"Run and operate {service.name}."
    try:
        app(obj=service)
    except ServiceError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


@app.command()
def api(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Serve the HTTP API."""
    from ..roles.api import run_api
    from .running import run_role

    settings = context.obj.load_settings(bind_host=host, api_port=port)
    run_role(context.obj, "api", run_api, settings)


@app.command()
def relay(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Publish committed events. One relay works; more relays stand by."""
    from ..roles.relay import run_relay
    from .running import run_role

    settings = context.obj.load_settings(bind_host=host, relay_port=port)
    run_role(context.obj, "relay", run_relay, settings)


@app.command()
def consumer(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Handle events. Several consumers share the work."""
    from ..roles.consumer import run_consumer
    from .running import run_role

    settings = context.obj.load_settings(bind_host=host, consumer_port=port)
    run_role(context.obj, "consumer", run_consumer, settings)


@app.command(context_settings={"allow_interspersed_args": False})
def dev(
    context: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(help="Run this command on the servers instead: dev -- alembic check"),
    ] = None,
    host: Host = None,
) -> None:
    """Run all roles, or one command, on embedded servers with their data in .dev/."""
    try:
        from ..dev.everything import run_command, run_everything
    except ModuleNotFoundError as error:
        raise Misconfigured("dev needs a checkout of the service: it is not in images") from error

    if command:
        raise typer.Exit(run_command(context.obj, command))
    run_everything(context.obj, host)


@app.command("migrate")
def migrate_(
    context: typer.Context,
    wait: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Change nothing; wait at most so long for another process to migrate.",
        ),
    ] = None,
) -> None:
    """Migrate the database to the schema that this code needs. Run it before a rollout."""
    from .. import migrate
    from ..http import serving
    from ..logging import configure
    from .running import until_signalled

    service: AnyService = context.obj
    settings = service.load_settings()
    configure(service.name, "migrate", settings.log_level, settings.log_format)
    service.discover()
    url = settings.database_url.get_secret_value()
    if wait is None:
        serving.run(migrate.migrate(service, url))
    else:
        waiting = partial(migrate.wait_until_migrated, service, url, wait)
        serving.run(until_signalled(waiting))
    typer.echo("the database is up to date")


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Show backlog, lag, pending entries and dead letters at a glance."""
    from ..http import serving
    from . import reports

    found = serving.run(reports.read_status(context.obj))
    typer.echo(json.dumps(asdict(found)) if as_json else reports.status_text(found))


@app.command()
def audit(context: typer.Context, as_json: AsJson = False) -> None:
    """Prove that no event was lost, and none both applied and dead; exit 1 if one was."""
    from ..http import serving
    from . import reports

    report = serving.run(reports.run_audit(context.obj))
    typer.echo(json.dumps(asdict(report)) if as_json else reports.audit_text(report))
    if report.findings:
        raise typer.Exit(1)


if find_spec("..contracts", __package__):  # a tool of development, which the image leaves out
    from ..contracts import commands as contracts

    app.add_typer(contracts.app, name="contracts")
    app.command()(contracts.asyncapi)

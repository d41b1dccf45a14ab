"""What the person on call asks and does: the state at a glance, and the dead letters' commands."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from . import SERVICE, roles
from .db import is_unmigrated
from .errors import DatabaseUnavailable, NotFound
from .events.base import registered_events
from .messaging import desk
from .messaging.broker import Broker
from .messaging.status import Backlog, GroupStatus, backlog, groups
from .serving import run
from .settings import Settings, load_settings

T = TypeVar("T")
app = typer.Typer(help="List, read, replay and discard dead letters.", no_args_is_help=True)
Ids = Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters.", metavar="ID…")]
All = Annotated[bool, typer.Option("--all", help="Every open dead letter.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Status:
    """The service at a glance."""

    outbox: Backlog
    groups: list[GroupStatus]
    dead_letters: int


async def read_status(settings: Settings) -> Status:
    """Ask Postgres and Redis; raises what a person is told."""
    roles.discover()
    streams = sorted({event.event_type.stream for event in registered_events().values()})
    async with Broker(settings.redis_url.get_secret_value()) as broker:
        found = await groups(broker, streams, settings.key_prefix)
    async with _session(settings) as session:
        return Status(await backlog(session), found, await desk.count_open(session))


def status_text(status: Status) -> str:
    """The same as a table for a terminal."""
    outbox = status.outbox
    lines = [
        f"outbox        {outbox.pending} waiting, the oldest for {outbox.oldest_seconds:.1f} s",
        f"dead letters  {status.dead_letters} open",
    ]
    lines += [
        f"{g.stream} → {g.group}  lag {g.lag}, pending {g.pending} ({g.parked} parked), "
        f"consumers {g.consumers}"
        for g in status.groups
    ]
    return "\n".join(lines)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the dead letters nobody has decided on, the oldest first."""
    letters = _in_session(lambda session: desk.list_letters(session, limit))
    if as_json:
        typer.echo(_json([letter._asdict() for letter in letters]))
        return
    for letter in letters:
        typer.echo(
            f"{letter.id}  {letter.state}  {letter.died_at:%Y-%m-%d %H:%M:%S}  "
            f"{letter.event_type}  {letter.handler}  {letter.reason} after {letter.attempts}  "
            f"{letter.error.splitlines()[0][:80]}"
        )
    if not letters:
        typer.echo("no dead letters")


@app.command()
def show(letter_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Print one dead letter in full, as JSON: its entry, error and traceback."""
    letter = _in_session(lambda session: desk.find(session, letter_id))
    if letter is None:
        raise NotFound(f"there is no dead letter {letter_id}; see: {SERVICE} dead-letters list")
    typer.echo(_json(letter._asdict()))


@app.command()
def replay(ids: Ids = None, every: All = False) -> None:
    """Let the handler that died try again. The consumers do it, each event once."""
    _tell("marked for replay", ids, _in_session(lambda s: desk.replay(s, _chosen(ids, every))))


@app.command()
def discard(
    ids: Ids = None,
    every: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Decide that events will never be handled."""
    chosen = _chosen(ids, every)
    if not yes:
        typer.confirm(f"Discard {len(chosen) if chosen else 'all open'} dead letters?", abort=True)
    _tell("discarded", ids, _in_session(lambda session: desk.discard(session, chosen)))


def _chosen(ids: list[int] | None, every: bool) -> list[int] | None:
    if bool(ids) == every:
        raise typer.BadParameter("name dead letters by their numbers, or give --all")
    return ids or None


def _tell(done: str, ids: list[int] | None, moved: list[int]) -> None:
    typer.echo(f"{done}: {len(moved)}")
    missed = sorted(set(ids or ()) - set(moved))
    if missed:
        raise NotFound(f"not open, so left alone: {', '.join(map(str, missed))}")


def _json(value: object) -> str:
    return json.dumps(value, default=str, indent=2, ensure_ascii=False)


@asynccontextmanager
async def _session(settings: Settings) -> AsyncIterator[AsyncSession]:
    engine = roles.database(settings, "cli").engine(pool_size=1)
    try:
        async with AsyncSession(engine) as session, session.begin():
            yield session
    except DBAPIError as error:
        if is_unmigrated(error):
            raise DatabaseUnavailable(
                f"the database is not migrated; run: {SERVICE} migrate"
            ) from error
        raise DatabaseUnavailable(f"Postgres refuses: {error.orig}") from error
    finally:
        await engine.dispose()


def _in_session(ask: Callable[[AsyncSession], Awaitable[T]]) -> T:
    settings = load_settings()

    async def work() -> Any:
        async with _session(settings) as session:
            return await ask(session)

    result: T = run(work())
    return result

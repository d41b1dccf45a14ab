"""The rights that SECURITY.md gives to each role are enough, and none is left over."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis import PACKAGE
from orders.chassis.db import Database, reason_of
from orders.chassis.dev import Postgres, Valkey
from orders.chassis.errors import BrokerRefused
from orders.chassis.messaging.consuming.retry_policy import Retry
from orders.chassis.messaging.observing import status
from orders.chassis.messaging.redis import Broker
from orders.chassis.messaging.unit_of_work import UnitOfWork
from orders.chassis.messaging.upkeep.audit import Audit
from orders.chassis.migrate import migrate

from ..cleaning import cleaner
from ..letters import mark
from ..pipe import (
    STREAM,
    Pipe,
    Probed,
    eventually,
    handler,
    leave_effect,
    refuse,
)
from ..relaying import watch
from ..service import SERVICE, service

PAGE = (Path.cwd() / "SECURITY.md").read_text("utf-8")
USERS = dict(re.findall(rf"^user {SERVICE}-(\w+) on >CHANGE-ME (.*)$", PAGE, re.MULTILINE))
ROLES = re.findall(r"^(?:CREATE|REVOKE|GRANT|ALTER) .*;$", PAGE, re.MULTILINE)
GRANTED = {right for rules in USERS.values() for right in re.findall(r"\+(\S+)", rules)}


async def fail_once(probed: Probed, uow: UnitOfWork) -> None:
    """A handler that needs a retry, unless it is not to have one."""
    await leave_effect(probed, uow)
    tried = probed.event_id in fail_once.__dict__
    fail_once.__dict__[probed.event_id] = True  # type: ignore[index]
    if not tried:
        raise Retry(after=0.01)


class Redis:
    """A server with the users of SECURITY.md, on which tests are the administrator."""

    def __init__(self, url: str, pipe: Pipe) -> None:
        self.url = url
        self.pipe = pipe

    @asynccontextmanager
    async def user(self, role: str, without: str = "") -> AsyncIterator[Broker]:
        """The pipe as that user, who lacks a right."""
        rules = USERS[role].replace(f"~{SERVICE} ", f"~{STREAM} ").split()
        await self.allow(role, *rules, *([f"-{without}"] if without else []))
        url = self.url.replace("//", f"//{SERVICE}-{role}:CHANGE-ME@")
        async with Broker(url, blocking=1) as self.pipe.on_line:
            yield self.pipe.on_line

    async def allow(self, role: str, *rules: str) -> None:
        """Change what a user may."""
        await self.ask("ACL", "SETUSER", f"{SERVICE}-{role}", "on", ">CHANGE-ME", *rules)

    async def refused(self) -> list[tuple[str, str]]:
        """What was asked for and not allowed: the right, and by whom. That the client may not
        tell its own name and version is no loss."""
        lines: Any = await self.ask("ACL", "LOG")
        fields = [dict(zip(line[::2], line[1::2], strict=True)) for line in lines]
        told = [(line[b"object"].decode(), line[b"username"].decode()) for line in fields]
        return [refusal for refusal in told if refusal[0] != "client|setinfo"]

    async def ask(self, *command: str) -> Any:
        """Give a command as the administrator."""
        client: Any = self.pipe.broker.client
        return await client.execute_command(*command)


@pytest.fixture
async def redis(pipe: Pipe, private_valkey: Callable[..., Valkey]) -> AsyncIterator[Redis]:
    """A server of this test's own, where the streams have no prefix."""
    server = private_valkey()
    pipe.prefix, pipe.key = "", STREAM
    async with Broker(server.url) as pipe.broker:
        yield Redis(server.url, pipe)


async def work_as_the_relay(pipe: Pipe) -> None:
    """Publish, look for lost writes, clean, and tell what there is to do."""
    await watch(pipe).look()
    await pipe.publish()
    await cleaner(pipe, pipe.roles_broker).clean()
    await status.to_do(pipe.engine, pipe.roles_broker, {STREAM}, SERVICE, pipe.prefix)


async def work_as_the_consumer(pipe: Pipe, events: int) -> None:
    """Handle with a retry, give up, replay, and leave."""
    async with pipe.consuming(handler(fail_once, "again"), handler(refuse, "dies")):
        await pipe.acknowledged(events)
    await mark(pipe, [letter.id for letter in await pipe.dead()])
    while await pipe.replays(handler(name="dies")).replay_next():
        pass


async def work_as_the_operator(pipe: Pipe) -> list[str]:
    """Run `status` and `audit`; what the audit found."""
    broker = pipe.roles_broker
    await broker.ping()
    await status.groups(broker, [STREAM], pipe.prefix)
    audit = Audit(pipe.engine, broker, key_prefix=pipe.prefix, group=SERVICE)
    await audit.published(STREAM)
    await audit.published(f"{STREAM}.{SERVICE}.dlq")
    await audit.consumed(STREAM, {str(Probed.event_type): [handler(name="again")]})
    await audit.decided()
    return list(audit.report.findings)


async def test_each_role_works_with_the_rights_of_its_user_and_needs_them_all(
    pipe: Pipe, redis: Redis
) -> None:
    await pipe.emit(*(Probed(aggregate_id="a") for _ in range(3)))
    await redis.ask("CONFIG", "RESETSTAT")

    async with redis.user("relay"):
        await pipe.rows("UPDATE outbox SET created_at = created_at - interval '10 days'")
        await work_as_the_relay(pipe)
    async with redis.user("consumer"):
        await work_as_the_consumer(pipe, 3)
    async with redis.user("relay"):
        await work_as_the_relay(pipe)
    async with redis.user("operator"):
        assert await work_as_the_operator(pipe) == []

    assert await redis.refused() == []
    assert len(await pipe.effects()) == 6
    used: Any = await pipe.broker.client.info("commandstats")
    assert GRANTED - {name.removeprefix("cmdstat_") for name in used} <= {"xtrim", "script|load"}


async def test_a_relay_without_a_right_keeps_its_events_and_says_what_it_lacks(
    pipe: Pipe, redis: Redis
) -> None:
    await pipe.emit(Probed(aggregate_id="a"))

    async with redis.user("relay", without="xadd"):
        with pytest.raises(BrokerRefused) as refused:
            await pipe.publish()
        assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1
        await redis.allow("relay", "+xadd")
        await pipe.batches().publish_next()

    assert "xadd" in str(refused.value).lower()
    assert "\n" not in str(refused.value)
    assert "CHANGE-ME" not in str(refused.value)
    assert len(await pipe.entries()) == 1


@pytest.mark.parametrize("right", ["xreadgroup", "xack", "evalsha", "xgroup|create", "xpending"])
async def test_a_consumer_without_a_right_drops_nothing(
    pipe: Pipe, redis: Redis, right: str
) -> None:
    event = Probed(aggregate_id="a")
    await pipe.publish(event)

    async def told() -> bool:
        return bool(await redis.refused())

    async with redis.user("consumer", without=right), pipe.consuming(handler()):
        await eventually(told)
        await redis.allow("consumer", f"+{right}")
        await pipe.acknowledged(1)

    assert [event.event_id] == await pipe.effects()
    assert not await pipe.dead()


class Rights:
    """A database with the roles of SECURITY.md."""

    def __init__(self, url: str, database: str) -> None:
        self.admin = url
        self.database = database

    def url(self, role: str) -> str:
        """The database as that role sees it."""
        return re.sub(r"//[^/]*@", f"//{self.database}_{role}:CHANGE-ME@", self.admin)


@pytest.fixture
async def rights(private_postgres: Callable[..., Postgres]) -> Rights:
    """A server of this test's own, made ready as SECURITY.md says."""
    server = private_postgres()
    for statement in ROLES:
        inside = statement.startswith("ALTER DEFAULT")
        url = server.url.rpartition("/")[0] + f"/{PACKAGE}" if inside else server.url
        connection = await Database(url, role="tests").connect()
        await connection.execute(statement)
        await connection.close()
    database = PACKAGE
    return Rights(server.url.rpartition("/")[0] + f"/{database}", database)


async def test_one_role_migrates_and_the_other_one_runs(
    rights: Rights, redis_url: str, key_prefix: str
) -> None:
    await migrate(service, rights.url("owner"))
    owner = await Database(rights.url("owner"), role="tests").connect()

    database = Database(rights.url("app"), role="tests")
    engine = database.engine(pool_size=30)
    async with Broker(redis_url, blocking=1) as broker:
        pipe = Pipe(database, engine, broker, key_prefix)
        await pipe.emit(*(Probed(aggregate_id="a") for _ in range(3)))
        await work_as_the_relay(pipe)
        await work_as_the_consumer(pipe, 3)
        await work_as_the_relay(pipe)
        assert await work_as_the_operator(pipe) == []
        assert len(await pipe.effects()) == 6

        await owner.execute(f"REVOKE INSERT ON inbox FROM {PACKAGE}_app")
        event = Probed(aggregate_id="b")
        await pipe.publish(event)
        async with pipe.consuming(handler(), max_attempts=1):
            await eventually(lambda: _parked(pipe))
            assert not [letter for letter in await pipe.dead() if letter.event_id == event.event_id]
            await owner.execute(f"GRANT INSERT ON inbox TO {PACKAGE}_app")
            await pipe.acknowledged(4)
        assert event.event_id in await pipe.effects()
    await owner.close()
    for statement in ("CREATE TABLE mine (id int)", "DROP TABLE inbox", "TRUNCATE outbox"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _run(database, statement)
    await engine.dispose()


async def _parked(pipe: Pipe) -> bool:
    return "~parked" in await pipe.pending()


async def _run(database: Database, statement: str) -> None:
    connection = await database.connect()
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def test_a_right_that_is_missing_is_told_without_values() -> None:
    error = asyncpg.InsufficientPrivilegeError("permission denied for table inbox")

    assert reason_of(error) == "permission denied for table inbox"

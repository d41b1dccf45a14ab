"""No secret is shown: not by settings, errors, commands that fail, or help."""

import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.main import get_command
from typer.testing import CliRunner

from orders.chassis.cli.main import app
from orders.chassis.db import Database
from orders.chassis.errors import Misconfigured, ServiceError
from orders.chassis.messaging.redis import Broker
from orders.chassis.settings import Settings

from ..processes import COMMAND, environment
from ..service import service

SECRET = "hunter2"
GOOD = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
DATABASE_URLS = [
    f"postgresql://me:{SECRET}@db:port/orders",
    f"postgresql://me:{SECRET}/x@db/orders",
    f"postgresql://me:{SECRET}#x@db/orders",
    f"postgresql://me:{SECRET}?x@db/orders",
    f"postgresql://me:{SECRET}@[::1/orders",
    f"postgresql://me:{SECRET}@127.0.0.1:1/orders",
    f"postgresql://me:{SECRET}%zz@127.0.0.1:1/orders?sslmode=verify-full&sslrootcert=/none",
    f"postgresql://127.0.0.1:1/orders?password={SECRET}&user=me",
    f"postgresql://127.0.0.1:1/orders?sslmode=verify-full&sslpassword={SECRET}&sslcert=/none",
    f"postgresql://me:{SECRET}@one:1,two:x/orders",
    f"mysql://me:{SECRET}@db/orders",
    f"me:{SECRET}@db",
    f"postgres//me:{SECRET}@db",
    SECRET,
]
REDIS_URLS = [
    f"redis://:{SECRET}@redis:port/0",
    f"redis://:{SECRET}/x@redis/0",
    f"redis://:{SECRET}#x@redis/0",
    f"redis://:{SECRET}@[::1/0",
    f"redis://me:{SECRET}@127.0.0.1:1/0",
    f"redis://127.0.0.1:1/0?password={SECRET}",
    f"rediss://:{SECRET}@127.0.0.1:1/0?ssl_ca_certs=/none",
    f"redis://:{SECRET}@127.0.0.1:1/0?no_such={SECRET}",
    f"redis://:{SECRET}@127.0.0.1:1/{SECRET}",
    f"http://:{SECRET}@redis",
    f":{SECRET}@redis",
    SECRET,
]


def run(*command: str, cwd: Path, **settings: str) -> tuple[int, str]:
    """Run the service's command; its exit code and all it says."""
    done = subprocess.run(
        [*COMMAND, *command],
        cwd=cwd,
        env=environment(**GOOD | settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_every_setting_that_may_hold_one_is_secret() -> None:
    """Whoever adds a setting with such a name learns it here."""
    telling = ("url", "password", "token", "secret", "key")
    public = {"key_prefix"}
    fields = Settings.model_fields.items()
    secrets = {name: f.annotation for name, f in fields if name.rpartition("_")[2] in telling}

    assert {"database_url", "redis_url"} <= secrets.keys()
    assert all("SecretStr" in str(kind) for kind in secrets.values())
    assert public <= Settings.model_fields.keys() - secrets.keys()


def test_settings_do_not_show_them() -> None:
    given = dict.fromkeys(("database_url", "redis_url", "ops_token"), SecretStr(SECRET * 4))
    settings = service.load_settings(**given)

    for shown in (repr(settings), str(settings), f"{settings.model_dump()}"):
        assert SECRET not in shown
    assert SECRET not in settings.model_dump_json()


def test_a_setting_that_is_refused_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), SECRET)

    with pytest.raises(Misconfigured) as raised:
        service.load_settings()

    assert SECRET not in repr(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("url", DATABASE_URLS)
async def test_a_database_url_is_never_quoted(url: str) -> None:
    shown = ""
    try:
        database = Database(url, role="tests")
        shown = database.address + repr(database)
        await database.connect()
    except ServiceError as error:
        shown += _everything(error)
    else:
        pytest.fail("nothing listens there")

    assert SECRET not in shown


@pytest.mark.parametrize("url", REDIS_URLS)
async def test_a_redis_url_is_never_quoted(url: str) -> None:
    shown = ""
    try:
        async with Broker(url) as broker:
            shown = broker.address + repr(broker)
            await broker.ping()
    except ServiceError as error:
        shown += _everything(error)
    else:
        pytest.fail("nothing listens there")

    assert SECRET not in shown


def _everything(error: BaseException) -> str:
    """What a log or a person could be shown of an error: itself, and what a traceback would add."""
    text = f"{type(error).__module__} {error!r} {error}"
    if error.__cause__ is not None:
        return text + _everything(error.__cause__)
    if error.__context__ is not None and not error.__suppress_context__:
        return text + _everything(error.__context__)
    return text


@pytest.mark.parametrize(
    ("command", "name", "url"),
    [
        (["dead-letters", "list"], "DATABASE_URL", DATABASE_URLS[1]),
        (["migrate"], "DATABASE_URL", DATABASE_URLS[5]),
        (["api", "--port", "0"], "DATABASE_URL", DATABASE_URLS[0]),
        (["status"], "REDIS_URL", REDIS_URLS[4]),
        (["relay", "--port", "0"], "REDIS_URL", REDIS_URLS[7]),
    ],
)
def test_a_command_that_cannot_start_says_so_in_one_line(
    tmp_path: Path, command: list[str], name: str, url: str
) -> None:
    code, said = run(*command, cwd=tmp_path, **{name: url})

    assert code == 1
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert SECRET not in said


def test_help_shows_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), SECRET)
    commands = [[], *([name] for name in get_command(app).commands)]  # type: ignore[attr-defined]

    for command in commands:
        assert SECRET not in CliRunner().invoke(app, [*command, "--help"]).output

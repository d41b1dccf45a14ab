"""A service from before the chassis was one folder, as its owner has worked on it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import older
from conftest import git

PAID = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "PaymentReceived",
    "type": "object",
    "properties": {
        "order_id": {"type": "string"},
        "amount": {"type": "string", "format": "decimal"},
    },
    "required": ["order_id", "amount"],
    "x-eventsmith": {"type": "billing.PaymentReceived.v1", "version": 1, "stream": "billing"},
}
# What the owner added: in each file an import of something that has moved since.
ADDED = {
    "src/orders/api/notes.py": '''\
"""Notes on orders."""

from fastapi import APIRouter

from ..errors import NotFound, Refused
from ..pricing.rules import rounded
from .deps import Uow

router = APIRouter()


@router.get("/notes/{name}")
async def note(name: str, uow: Uow) -> dict[str, str]:
    """Read one."""
    if name == "secret":
        raise Refused("there is a secret in it")
    if name != "first":
        raise NotFound("there is no such note")
    return {"note": name, "price": str(rounded("1.006"))}
''',
    "src/orders/pricing/__init__.py": '"""What things cost."""\n',
    "src/orders/pricing/rules.py": '''\
"""The rules of prices."""

from decimal import Decimal

from orders.errors import ServiceError


class NoPriceError(ServiceError):
    """There is none."""


def rounded(amount: str) -> Decimal:
    """Round to cents."""
    if not amount:
        raise NoPriceError("there is no amount")
    return Decimal(amount).quantize(Decimal("0.01"))
''',
    "src/orders/messaging/bridge.py": '''\
"""Counts what was not published yet, for a page of ours."""

from sqlalchemy import func, select

from ..uow import UnitOfWork
from . import tables


async def waiting(uow: UnitOfWork) -> int:
    """Return how many events there are."""
    return int(await uow.session.scalar(select(func.count()).select_from(tables.outbox)) or 0)
''',
    "src/orders/messaging/use_of_bridge.py": '''\
"""A neighbour of it."""

from .bridge import waiting

__all__ = ["waiting"]
''',
    "migrations/versions/0002_remarks.py": '''\
"""Remarks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table("remarks", sa.Column("id", sa.Uuid(), primary_key=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_table("remarks")
''',
    "tests/unit/test_pricing.py": '''\
"""Our prices."""

from decimal import Decimal

import pytest

from orders.errors import (
    ServiceError,
)
from orders.events import order_shipped
from orders.messaging.use_of_bridge import waiting
from orders.pricing.rules import rounded

from ..examples import example


def test_a_price_is_rounded() -> None:
    assert rounded("1.006") == Decimal("1.01")


def test_no_price_is_an_error_of_the_service() -> None:
    with pytest.raises(ServiceError):
        rounded("")


def test_the_bridge_is_there() -> None:
    assert waiting.__module__ == "orders.messaging.bridge"


def test_an_example_of_our_event_has_a_carrier() -> None:
    assert isinstance(example(order_shipped.OrderShipped).carrier, str)
''',
}
# Files of the template's that the owner has edited, against the advice: old text, new text.
EDITED = {
    "src/orders/messaging/retry.py": ('"""', '"""Ours: retried with care. '),
    "src/orders/messaging/envelope.py": ('"""', '"""Ours: read with care. '),
    "src/orders/logging.py": ('"""', '"""Ours: logged with care. '),
    "src/orders/uow.py": ('"""', '"""Ours: committed with care. '),
}
SETTING = '''
    currency: str = "EUR"
    """What prices are in."""
'''


@dataclass(frozen=True, slots=True)
class Aged:
    """The service, and the repository that its template is in."""

    folder: Path
    template: Path


def aged(folder: Path) -> Aged:
    """Make the service by the command of that time, with events, edits and code of its owner's."""
    template = older.checkout(folder / "template")
    service = folder / "orders"

    def eventsmith(*args: str | Path) -> None:
        command = [sys.executable, "-m", "eventsmith", *map(str, args)]
        run = {"cwd": folder, "env": older.environment(template)}
        subprocess.run(command, check=True, capture_output=True, **run)  # type: ignore[call-overload]

    contract = folder / "billing/contracts/billing.PaymentReceived.v1.json"
    contract.parent.mkdir(parents=True)
    contract.write_text(json.dumps(PAID))
    eventsmith("new", service, "--defaults", "--no-lock")
    eventsmith("add-event", "OrderShipped", "carrier:str", "--role", "both", "-C", service)
    eventsmith("add-event", "OrderLost", "-C", service)
    eventsmith("add-event", "PaymentReceived", "--from", contract.parents[1], "-C", service)
    for path, text in ADDED.items():
        (service / path).parent.mkdir(parents=True, exist_ok=True)
        (service / path).write_text(text)
    for path, (old, new) in EDITED.items():
        _edit(service / path, old, new)
    settings = service / "src/orders/settings.py"
    _edit(settings, "\n    @", f"{SETTING}\n    @")
    git(service, "add", "--all")
    git(service, "commit", "--quiet", "--message", "Events, edits and code of our own")
    return Aged(service, template)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, file
    file.write_text(text.replace(old, new, 1), "utf-8")

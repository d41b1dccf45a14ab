"""Changes to the generated service that some benchmarks need, as a user would make them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from benchmarks.bench import Stage
from benchmarks.installed import ROOT

_BATCHED = '''"""Keeps what the events of each customer add up to, for many of them at a time."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from ..chassis import UnitOfWork, handles
from ..events import order_created as contract
from ..models.order import CustomerTotal


_FIRST = insert(CustomerTotal)
_ADD = _FIRST.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={{
        "orders": CustomerTotal.orders + _FIRST.excluded.orders,
        "total_amount": CustomerTotal.total_amount + _FIRST.excluded.total_amount,
    }},
)


@handles(contract.OrderCreated, name="order_created", batch={size})
async def add_to_totals(events: Sequence[contract.OrderCreated], uow: UnitOfWork) -> None:
    """Add to the customers' totals, in one statement, and in one order everywhere."""
    rows = [
        {{"customer_id": event.customer_id, "orders": 1, "total_amount": event.total_amount}}
        for event in sorted(events, key=lambda event: event.customer_id)
    ]
    await uow.session.execute(_ADD, rows)
'''


def batched(stage: Stage, size: int) -> Mapping[str, str]:
    """Return variables by which processes run a copy whose handler takes batches."""
    copy = _copy(stage, "batched")
    (copy / "orders/handlers/order_created.py").write_text(_BATCHED.format(size=size))
    return {"PYTHONPATH": str(copy)}


def with_routers(stage: Stage, *names: str) -> Mapping[str, str]:
    """Return the same for a copy that has these routers as well."""
    copy = _copy(stage, "routed")
    for name in names:
        shutil.copy(ROOT / "benchmarks/contestants" / f"{name}.py", copy / "orders/api")
    return {"PYTHONPATH": str(copy)}


def _copy(stage: Stage, name: str) -> Path:
    return shutil.copytree(stage.service.work / "src", stage.scratch / name, dirs_exist_ok=True)

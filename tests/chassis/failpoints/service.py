"""What the processes serve and handle: an endpoint, and handlers that do what an event says."""

import asyncio
import os
from collections.abc import Sequence

import structlog
from fastapi import APIRouter

from orders.chassis import UnitOfWork, handles
from orders.chassis.http.deps import Uow
from orders.chassis.testing.pipe import Probed, leave_effect

router = APIRouter()
log = structlog.get_logger()


@router.post("/probes", status_code=201)
async def probe(uow: Uow) -> None:
    """Change something, and tell of it."""
    probed = Probed(aggregate_id="a")
    await leave_effect(probed, uow)
    uow.emit(probed)


async def obey(probed: Probed, uow: UnitOfWork) -> None:
    """Leave an effect, then do what the event says."""
    await leave_effect(probed, uow)
    if probed.text == "tell":
        uow.emit(Probed(aggregate_id="a"))
    if probed.text == "fail":
        raise RuntimeError("it had to")
    if probed.text == "wait":
        log.info("probe.waiting")
        await asyncio.Event().wait()


async def obey_all(batch: Sequence[Probed], uow: UnitOfWork) -> None:
    """The same for several events, in one transaction."""
    for probed in batch:
        await obey(probed, uow)


def register_handlers() -> None:
    """One handler, or those of HANDLERS; BATCH is how many events one of them takes at a time."""
    for name in os.environ.get("HANDLERS", "probed").split(","):
        if size := int(os.environ.get("BATCH", "0")):
            handles(Probed, name=name, batch=size)(obey_all)
        else:
            handles(Probed, name=name)(obey)

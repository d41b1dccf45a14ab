"""A handler that does what an event says."""

import asyncio

import structlog
from sqlalchemy import text

from orders.chassis import UnitOfWork, handles

from ..events.probed import Probed

log = structlog.get_logger()


async def leave_effect(probed: Probed, uow: UnitOfWork) -> None:
    """Leave an effect that can be counted."""
    statement = text("INSERT INTO effects (event_id, said) VALUES (:event_id, :said)")
    await uow.session.execute(statement, {"event_id": probed.event_id, "said": probed.text})


@handles(Probed, name="probed")
async def obey(probed: Probed, uow: UnitOfWork) -> None:
    """Leave an effect, then do what the event says."""
    await leave_effect(probed, uow)
    match probed.text.partition(" ")[0]:
        case "tell":
            uow.emit(Probed(aggregate_id="told"))
        case "fail":
            raise RuntimeError(probed.text)
        case "ask":
            statement = text("SELECT CAST(CAST(:said AS text) AS integer)")
            await uow.session.execute(statement, {"said": probed.text})
        case "wait":
            log.info("probe.waiting")
            await asyncio.Event().wait()

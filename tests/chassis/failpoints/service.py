"""The handlers of the processes that are struck, in the place of the service's one."""

import os
from collections.abc import Sequence

from orders.chassis import UnitOfWork, handles
from orders.chassis.messaging import handlers as registry

from ..pipe import Probed
from ..service.handlers.probed import obey


async def obey_all(batch: Sequence[Probed], uow: UnitOfWork) -> None:
    """Do what several events say, in one transaction."""
    for probed in batch:
        await obey(probed, uow)


def register_handlers() -> None:
    """One handler, or those of HANDLERS; BATCH is how many events one of them takes at a time."""
    registry._registry.clear()
    for name in os.environ.get("HANDLERS", "probed").split(","):
        if size := int(os.environ.get("BATCH", "0")):
            handles(Probed, name=name, batch=size)(obey_all)
        else:
            handles(Probed, name=name)(obey)

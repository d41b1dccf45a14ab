"""The service with an endpoint and a handler that do as they are told, in processes of the tests:
`python -m tests.observed COMMAND…`.
"""

import sys
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from orders.chassis import UnitOfWork, handles
from orders.chassis.http.deps import Uow
from orders.chassis.testing.pipe import Probed

from .command_line import run

COMMAND = (sys.executable, "-m", "chassis.observed")
SETTINGS = {
    "PYTHONPATH": str(Path(__file__).parents[1]),
    **dict.fromkeys(("API_PORT", "RELAY_PORT", "CONSUMER_PORT"), "0"),
}
router = APIRouter()


class Told(BaseModel):
    """What an event is to say, and what its handler is to do."""

    text: str


@router.post("/probes/{number}", status_code=201)
async def probe(number: int, body: Told, uow: Uow) -> None:
    """Tell of it, or fail."""
    uow.emit(Probed(aggregate_id=str(number), text=body.text))
    if body.text.startswith("fail here"):
        raise RuntimeError(body.text)


async def obey(probed: Probed, uow: UnitOfWork) -> None:
    """Do what the event says."""
    if probed.text.startswith("tell"):
        uow.emit(Probed(aggregate_id="told"))
    if probed.text.startswith("fail"):
        raise RuntimeError(probed.text)
    if probed.text.startswith("ask"):
        await uow.session.execute(
            text("SELECT CAST(CAST(:said AS text) AS integer)"), {"said": probed.text}
        )


if __name__ == "__main__":
    handles(Probed, name="probed")(obey)
    run(router)

"""The endpoint of the service under chaos."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from orders.chassis.http.app import Uow

from .reactions import ChaosExploded, ChaosGathered, ChaosStirred, ChaosWidened


class Wish(BaseModel):
    """What is posted."""

    kind: Literal["stirred", "gathered", "exploded", "widened"]
    aggregate: str
    mood: str = "well"
    seconds: float = 0
    failures: int = 0


KINDS = {
    "stirred": ChaosStirred,
    "gathered": ChaosGathered,
    "exploded": ChaosExploded,
    "widened": ChaosWidened,
}
router = APIRouter()


@router.post("/chaos", status_code=201)
async def stir(wish: Wish, uow: Uow) -> UUID:
    """Change an aggregate under its lock, and emit an event."""
    statement = """
        INSERT INTO chaos_aggregates (name, version) VALUES (:name, 1)
        ON CONFLICT (name) DO UPDATE SET version = chaos_aggregates.version + 1
        RETURNING version
    """
    version = await uow.session.scalar(text(statement), {"name": wish.aggregate})
    payload = wish.model_dump(include={"mood", "seconds", "failures"})
    stirred = KINDS[wish.kind].of({"aggregate_id": wish.aggregate}, payload)
    post = """
        INSERT INTO chaos_posts (event_id, kind, mood, aggregate, version)
        VALUES (:event_id, :kind, :mood, :aggregate, :version)
    """
    about = {"event_id": stirred.event_id, "version": version}
    about |= wish.model_dump(include={"kind", "mood", "aggregate"})
    await uow.session.execute(text(post), about)
    uow.emit(stirred)
    return stirred.event_id

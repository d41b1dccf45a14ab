"""The event of the tests."""

from orders.chassis import DomainEvent, event

from .. import SERVICE

STREAM = "probed"


@event(f"{SERVICE}.Probed.v1", stream=STREAM)
class Probed(DomainEvent):
    """Something was probed. `text` tells its handler what to do."""

    text: str = ""

"""The service under chaos: the suite's own, with other events, handlers and endpoints."""

from dataclasses import replace

from orders.chassis.messaging.publishing import lost_writes

from .. import service as suite
from . import reactions, wishes

service = replace(suite.service, events=reactions, handlers=reactions, api=wishes)


def main() -> None:
    """Run its command line; lost writes are looked for oftener."""
    lost_writes.INTERVAL = 1
    service.main()


if __name__ == "__main__":
    main()

"""The service with one failpoint armed: `python -m chassis.failpoints NAME SIGNAL COMMAND…`."""

import json
import os
import signal
import sys
from unittest.mock import patch

from orders.chassis.messaging.publishing import lost_writes, pending_batch, republish

from ..service import service
from .arming import arm
from .service import register_handlers


def main() -> None:
    """Arm the failpoint, then run the service's ordinary command line."""
    name, deed, *command = sys.argv[1:]

    def strike() -> None:
        sys.stdout.write(json.dumps({"event": "failpoint.hit", "failpoint": name}) + "\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.Signals[deed])

    arm(name, strike)
    lost_writes.PAGE, lost_writes.AT_ONCE, republish.PAGE = 2, 1, 2  # a few events fill them
    register_handlers()
    sys.argv[1:] = command
    with patch.object(pending_batch, "FROZEN", 0):  # no freeze is too short
        service.main()


if __name__ == "__main__":
    main()

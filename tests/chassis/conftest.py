"""The fixtures of the kit, and those of the suite."""

from orders.chassis.testing.plugin import *  # noqa: F403
from orders.chassis.testing.plugin import _bare_environment  # noqa: F401

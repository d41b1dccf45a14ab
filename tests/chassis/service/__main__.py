"""The command line of the suite's service: `python -m chassis.service COMMAND…`."""

from . import service

service.main()

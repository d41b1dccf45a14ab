"""What eventsmith refuses to do, told in one line."""


class EventsmithError(Exception):
    """Something was refused or failed: the message says what, then what to do."""

    exit_code = 1

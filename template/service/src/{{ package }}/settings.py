"""The settings of this service: the chassis's, and yours as further fields."""

from .chassis import Settings as ChassisSettings


class Settings(ChassisSettings):
    """Read from the environment, else from `.env` in this folder."""

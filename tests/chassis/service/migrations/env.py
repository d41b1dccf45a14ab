"""Alembic's environment: it finds the tables through the service."""

from chassis.service import service
from orders.chassis.alembic_env import run_alembic

run_alembic(service)

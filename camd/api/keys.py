"""What the application carries for its handlers."""

from aiohttp import web

from camd.actors.health import Health
from camd.operations.desk import Desk

DESK = web.AppKey("DESK", Desk)
HEALTH = web.AppKey("HEALTH", Health)
"""The ids of runs that answer one report, not a list of them."""

PATIENCE_SECONDS = web.AppKey("PATIENCE_SECONDS", float)
"""How long a request for cycles waits for their end before it answers 202."""

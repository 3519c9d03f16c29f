"""What the application carries for its handlers."""

from aiohttp import web

from camd.actors.health import Health
from camd.operations.desk import Desk

DESK = web.AppKey("DESK", Desk)
HEALTH = web.AppKey("HEALTH", Health)
"""The ids of runs that answer one report, not a list of them."""

UNDER_WAY = web.AppKey("UNDER_WAY", set[tuple[str, str]])
"""The creates with an `Idempotency-Key` that go on, by caller and key."""

BODY_SECONDS = web.AppKey("BODY_SECONDS", float)
"""In which a JSON body has to arrive, and the longest pause within an upload."""

PATIENCE_SECONDS = web.AppKey("PATIENCE_SECONDS", float)
"""How long a request for cycles waits for their end before it answers 202."""

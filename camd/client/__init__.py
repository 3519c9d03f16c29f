"""Typed clients of the REST API, with and without an event loop."""

from camd.client.errors import ApiError, Unreachable
from camd.client.place import answers
from camd.client.plain import SyncCamdClient
from camd.client.waiting import CamdClient

__all__ = ["ApiError", "CamdClient", "SyncCamdClient", "Unreachable", "answers"]

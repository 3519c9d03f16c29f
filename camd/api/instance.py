"""The whole installation: its status, its providers, the send gate and the kill switch."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.reading import NoBody, read_body
from camd.api.routes import Route, route
from camd.api.security import actor_of
from camd.operations import providers, status, switches
from camd.schema.status import KillSwitchBody


async def show_status(request: web.Request) -> web.Response:
    return answer(await status.status(request.app[DESK]))


async def list_providers(request: web.Request) -> web.Response:
    return answer(await providers.page(request.app[DESK]))


async def show_gate(request: web.Request) -> web.Response:
    return answer(switches.gate(request.app[DESK]))


async def open_gate(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(switches.open_gate(request.app[DESK]))


async def show_kill_switch(request: web.Request) -> web.Response:
    return answer(await switches.kill_switch(request.app[DESK]))


async def set_kill_switch(request: web.Request) -> web.Response:
    body = await read_body(request, KillSwitchBody)
    return answer(await switches.set_kill_switch(request.app[DESK], body, actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route("GET", "/status", show_status),
    route("GET", "/providers", list_providers),
    route("GET", "/gate", show_gate),
    route("POST", "/gate/open", open_gate),
    route("GET", "/kill-switch", show_kill_switch),
    route("PUT", "/kill-switch", set_kill_switch),
)

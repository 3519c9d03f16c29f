"""The whole installation: its status, its providers, the send gate and the kill switch."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.routes import Doc, Route, route, taking
from camd.api.security import actor_of
from camd.domain.access import Scope
from camd.operations import doctor, providers, status, switches
from camd.schema.doctor import DoctorReport
from camd.schema.page import Page
from camd.schema.status import Gate, KillSwitch, KillSwitchBody, ProviderState, Status


async def show_status(request: web.Request) -> web.Response:
    return answer(await status.status(request.app[DESK]))


async def examine(request: web.Request) -> web.Response:
    return answer(await doctor.doctor(request.app[DESK]))


async def list_providers(request: web.Request) -> web.Response:
    return answer(await providers.page(request.app[DESK]))


async def show_gate(request: web.Request) -> web.Response:
    return answer(switches.gate(request.app[DESK]))


async def open_gate(request: web.Request) -> web.Response:
    return answer(switches.open_gate(request.app[DESK]))


async def show_kill_switch(request: web.Request) -> web.Response:
    return answer(await switches.kill_switch(request.app[DESK]))


async def set_kill_switch(request: web.Request, body: KillSwitchBody) -> web.Response:
    return answer(await switches.set_kill_switch(request.app[DESK], body, actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route("GET", "/status", show_status, Doc("status", "Tell how the installation is", Status)),
    route(
        "GET",
        "/doctor",
        examine,
        Doc("doctor", "Look for what is wrong: the machine, mailboxes, providers; nothing is sent", DoctorReport),
        scope=Scope.OPERATE,
    ),
    route("GET", "/providers", list_providers, Doc("providers", "List the providers", Page[ProviderState])),
    route("GET", "/gate", show_gate, Doc("gate", "Tell whether the send gate is open", Gate)),
    route("POST", "/gate/open", open_gate, Doc("open_gate", "Open the send gate", Gate)),
    route(
        "GET", "/kill-switch", show_kill_switch, Doc("kill_switch", "Tell whether all sending is stopped", KillSwitch)
    ),
    taking(
        "PUT",
        "/kill-switch",
        KillSwitchBody,
        set_kill_switch,
        Doc("set_kill_switch", "Stop all sending, or let it go on", KillSwitch),
    ),
)

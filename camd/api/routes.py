"""How a resource states its routes, and what holds for all of them: checked parameters and a time limit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
from aiohttp import web

from camd.api.reading import NoQuery, Query, read_query
from camd.api.security import Handler

Q = TypeVar("Q", bound=Query)

PREFIX = "/api/cam"
SECONDS = 60.0
FILE_SECONDS = 3600.0
"""For a route that takes or gives a whole file."""


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Handler


def route(method: str, path: str, handler: Handler, *, seconds: float = SECONDS) -> Route:
    """A route without parameters; any that is sent is refused."""

    async def plain(request: web.Request, _: NoQuery) -> web.StreamResponse:
        return await handler(request)

    return asking(method, path, NoQuery, plain, seconds=seconds)


def asking(
    method: str,
    path: str,
    query: type[Q],
    handler: Callable[[web.Request, Q], Awaitable[web.StreamResponse]],
    *,
    seconds: float = SECONDS,
) -> Route:
    """A route with parameters, under `/api/cam`."""

    async def limited(request: web.Request) -> web.StreamResponse:
        chosen = read_query(request, query)
        with anyio.fail_after(seconds):
            return await handler(request, chosen)

    return Route(method, f"{PREFIX}{path}", limited)

"""How a resource states its routes, and what holds for all of them: checked parameters and a time limit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
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


class Scope(StrEnum):
    """What a token is for; each includes those before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Route:
    """`scope` is the least that a caller's token must have; none for a route that needs no token."""

    method: str
    path: str
    handler: Handler
    scope: Scope | None = None


def route(method: str, path: str, handler: Handler, *, scope: Scope | None = None, seconds: float = SECONDS) -> Route:
    """A route without parameters; any that is sent is refused."""

    async def plain(request: web.Request, _: NoQuery) -> web.StreamResponse:
        return await handler(request)

    return asking(method, path, NoQuery, plain, scope=scope, seconds=seconds)


def asking(
    method: str,
    path: str,
    query: type[Q],
    handler: Callable[[web.Request, Q], Awaitable[web.StreamResponse]],
    *,
    scope: Scope | None = None,
    seconds: float = SECONDS,
) -> Route:
    """A route with parameters, under `/api/cam`. Without a `scope` reading needs `read` and all else `operate`."""

    async def limited(request: web.Request) -> web.StreamResponse:
        chosen = read_query(request, query)
        with anyio.fail_after(seconds):
            return await handler(request, chosen)

    return Route(method, f"{PREFIX}{path}", limited, scope or (Scope.READ if method == "GET" else Scope.OPERATE))

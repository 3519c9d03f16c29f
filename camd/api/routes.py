"""How a resource states its routes, and what holds for all of them: checked parameters and bodies, and a time limit.

What a route says of itself here is what `/api/openapi.json` says of it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import anyio
from aiohttp import web
from pydantic import BaseModel

from camd.api.reading import NoBody, NoQuery, Query, read_body, read_query
from camd.api.security import Handler
from camd.domain.access import Scope

B = TypeVar("B", bound=BaseModel)
Q = TypeVar("Q", bound=Query)

Asked = Callable[[web.Request, Q], Awaitable[web.StreamResponse]]
Taking = Callable[[web.Request, B], Awaitable[web.StreamResponse]]

PREFIX = "/api/cam"
SECONDS = 60.0
FILE_SECONDS = 3600.0
"""For a route that takes or gives a whole file."""

Content = type[BaseModel] | str | None
"""What a body is: a model as JSON, a media type, or nothing."""
Contents = Content | tuple[Content, ...]
"""More than one where a parameter chooses."""
CSV = "text/csv"
MARKDOWN = "text/markdown"


@dataclass(frozen=True, slots=True)
class Doc:
    """What the document says of a route.

    `name` is its stable id there and, where the client asks for it, the client's method. `answers` is the content of a
    200, or the contents by status. `may` are the problems that the route alone knows: 409, say. Those that follow from
    its path, body, parameters and scope are added. `once`: it heeds an `Idempotency-Key`.
    """

    name: str
    summary: str
    answers: Contents | Mapping[int, Contents]
    may: tuple[int, ...] = ()
    once: bool = False

    def by_status(self) -> Mapping[int, tuple[Content, ...]]:
        answers = self.answers if isinstance(self.answers, Mapping) else {200: self.answers}
        return {status: each if isinstance(each, tuple) else (each,) for status, each in answers.items()}


@dataclass(frozen=True, slots=True)
class Route:
    """`scope` is the least that a caller's token must have; none for a route that needs no token. `group` is the
    resource that states it."""

    method: str
    path: str
    handler: Handler
    doc: Doc
    group: str
    scope: Scope | None = None
    query: type[Query] = NoQuery
    body: Content = None


def route(
    method: str, path: str, handler: Handler, doc: Doc, *, scope: Scope | None = None, seconds: float = SECONDS
) -> Route:
    """A route without parameters and without a body; any that is sent is refused."""

    async def plain(request: web.Request, _: NoQuery) -> web.StreamResponse:
        return await handler(request)

    return _stated(method, path, NoQuery, None, plain, doc, _group(handler), scope, seconds)


def asking(
    method: str,
    path: str,
    query: type[Q],
    handler: Asked[Q],
    doc: Doc,
    *,
    scope: Scope | None = None,
    seconds: float = SECONDS,
) -> Route:
    """A route with parameters and without a body."""
    return _stated(method, path, query, None, handler, doc, _group(handler), scope, seconds)


def taking(
    method: str,
    path: str,
    body: type[B],
    handler: Taking[B],
    doc: Doc,
    *,
    scope: Scope | None = None,
    seconds: float = SECONDS,
) -> Route:
    """A route with a JSON body and without parameters."""

    async def with_body(request: web.Request, _: NoQuery) -> web.StreamResponse:
        return await handler(request, await read_body(request, body))

    return _stated(method, path, NoQuery, body, with_body, doc, _group(handler), scope, seconds)


def receiving(
    method: str, path: str, query: type[Q], handler: Asked[Q], doc: Doc, *, scope: Scope | None = None
) -> Route:
    """A route with parameters and a CSV file as its body, which the handler reads."""
    return _stated(method, path, query, CSV, handler, doc, _group(handler), scope, FILE_SECONDS)


def _stated(
    method: str,
    path: str,
    query: type[Q],
    body: Content,
    handler: Asked[Q],
    doc: Doc,
    group: str,
    scope: Scope | None,
    seconds: float,
) -> Route:
    """Under `/api/cam`. Without a `scope` reading needs `read` and all else `operate`."""

    async def limited(request: web.Request) -> web.StreamResponse:
        chosen = read_query(request, query)
        with anyio.fail_after(seconds):
            if body is None and method != "GET":
                await read_body(request, NoBody)
            return await handler(request, chosen)

    needed = scope or (Scope.READ if method == "GET" else Scope.OPERATE)
    return Route(method, f"{PREFIX}{path}", limited, doc, group, needed, query, body)


def _group(handler: Callable[..., object]) -> str:
    return handler.__module__.rpartition(".")[2]

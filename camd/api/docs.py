"""What the API is, for programs and for people. Both are made when they are first asked for, and need nothing from
elsewhere."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property

import anyio
from aiohttp import web

from camd.api.docs_page import CONTENT_SECURITY_POLICY, page
from camd.api.examples import EXAMPLES
from camd.api.keys import DESK
from camd.api.openapi import JSON, document
from camd.api.reading import NoQuery, read_query
from camd.api.routes import Doc, Route
from camd.api.schemas import Schema
from camd.domain.access import Scope
from camd.schema.webhook import BODIES


class Documents:
    def __init__(self, routes: Sequence[Route], public: Sequence[Route], *, version: str) -> None:
        self._routes = routes
        self._public = public
        self._version = version

    @cached_property
    def told(self) -> Schema:
        return document(self._routes, self._public, BODIES, version=self._version, examples=EXAMPLES)

    @cached_property
    def json(self) -> bytes:
        return json.dumps(self.told, ensure_ascii=False, indent=1).encode()

    @cached_property
    def page(self) -> bytes:
        return page(self.told)


DOCUMENTS = web.AppKey("DOCUMENTS", Documents)


async def show_json(request: web.Request) -> web.Response:
    return web.Response(body=await _made(request, lambda documents: documents.json), content_type=JSON)


async def show_page(request: web.Request) -> web.Response:
    body = await _made(request, lambda documents: documents.page)
    answer = web.Response(body=body, content_type="text/html", charset="utf-8")
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


async def _made(request: web.Request, part: Callable[[Documents], bytes]) -> bytes:
    """In a thread: to make it takes some tenths of a second, once."""
    read_query(request, NoQuery)
    with request.app[DESK].context.clock.real_work():
        return await anyio.to_thread.run_sync(part, request.app[DOCUMENTS])


ROUTES = (
    Route("GET", "/api/openapi.json", show_json, Doc("openapi", "Read this document", JSON), "docs", Scope.READ),
    Route("GET", "/api/docs", show_page, Doc("docs", "Read this document as a page", "text/html"), "docs", Scope.READ),
)

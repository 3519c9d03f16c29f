"""A vendor's API on loopback: what all simulators have in common.

A vendor plays its own part in `answer`; the ways in which any server spoils a good answer are played here. What it
charged is in `charges`, which is what a test compares camd's own account with.
"""

import contextlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

import anyio
from aiohttp import web

Json = dict[str, Any]


class Spoilt(StrEnum):
    """What becomes of one answer that was good when it was made."""

    SLOW = "slow"  # it never comes
    DRIP = "drip"  # a byte a second
    HUGE = "huge"
    LOST = "lost"  # the request was heard and did its work
    HTML = "html"
    MISLABELLED = "mislabelled"
    TRUNCATED = "truncated"
    EMPTY_BODY = "empty_body"
    REDIRECT = "redirect"


@dataclass(frozen=True, slots=True)
class Request:
    """As it came over the wire; names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Charge:
    """`about` names the person or the page that was paid for."""

    operation: str
    about: str
    credits: Decimal


@dataclass
class Vendor(ABC):
    """`faults` are met by one request each, in their order (None is a good answer), `always` by every request: one of
    `Spoilt`, a word that the vendor's own part knows, or a status. `delay_seconds` passes before each answer."""

    faults: deque[str | int | None] = field(default_factory=deque)
    always: str | int | None = None
    delay_seconds: float = 0.0
    requests: list[Request] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    base_url: str = ""

    @abstractmethod
    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        """The vendor's part; `fault` is none of `Spoilt`."""

    def charge(self, operation: str, about: str, amount: Decimal | int) -> None:
        self.charges.append(Charge(operation, about, Decimal(amount)))

    @property
    def spent(self) -> Decimal:
        return sum((charge.credits for charge in self.charges), Decimal(0))

    def meet(self, faults: Iterable[str | int | None]) -> None:
        self.faults.extend(faults)

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=20_000_000)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard = Request(request.method, request.raw_path, headers, await request.read())
        self.requests.append(heard)
        fault = self.faults.popleft() if self.faults else self.always
        if fault in list(Spoilt):
            good = self.answer(heard, None)
            await anyio.sleep(self.delay_seconds)
            return await spoilt(request, good, Spoilt(str(fault)))
        good = self.answer(heard, fault)
        await anyio.sleep(self.delay_seconds)
        return good


async def spoilt(request: web.Request, good: web.Response, fault: Spoilt) -> web.StreamResponse:
    """What becomes of an answer that is good by itself."""
    body = good.body
    assert isinstance(body, bytes)
    match fault:
        case Spoilt.SLOW:
            await anyio.sleep(3600)
        case Spoilt.LOST:
            assert request.transport is not None
            request.transport.abort()
        case Spoilt.HTML:
            return web.Response(text="<html>Please log in</html>", content_type="text/html")
        case Spoilt.MISLABELLED:
            return web.Response(body=body, content_type="text/plain")
        case Spoilt.TRUNCATED:
            return web.Response(body=body[:-20], content_type="application/json")
        case Spoilt.EMPTY_BODY:
            return web.Response(body=b"", content_type="application/json")
        case Spoilt.REDIRECT:
            return web.Response(status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"})
        case Spoilt.DRIP | Spoilt.HUGE:
            return await _streamed(request, fault)
    return good


async def _streamed(request: web.Request, fault: Spoilt) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "application/json"})
    await stream.prepare(request)
    part, pause = (b" ", 1.0) if fault is Spoilt.DRIP else (b" " * 1_000_000, 0.0)
    with contextlib.suppress(ConnectionError):
        for _ in range(1000):
            await stream.write(part)
            await anyio.sleep(pause)
    return stream

"""A receiver of webhooks on loopback: it verifies what comes by the library of Standard Webhooks, and behaves as it is
told to."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from aiohttp import web
from standardwebhooks import Webhook

SECRET = "whsec_Y2FtZC10ZXN0LXNpZ25pbmcta2V5LTAxMjM0NTY3ODk="
Behave = Callable[[web.Request], Awaitable[web.Response]]


async def takes(_: web.Request) -> web.Response:
    return web.Response(text="Accepted")


async def hangs(_: web.Request) -> web.Response:
    await anyio.sleep_forever()
    raise AssertionError("never")


def answers(status: int, **headers: str) -> Behave:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return answer


@dataclass(slots=True)
class Receiver:
    """`taken` has the ids under which each event of the ledger was taken, by its sequence; `seen` those under which it
    came at all. `came` rings with every request."""

    url: str = ""
    behave: Behave = takes
    taken: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    seen: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    requests: int = 0
    came: anyio.Event = field(default_factory=anyio.Event)

    async def until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self.came = anyio.Event()
            await self.came.wait()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(SECRET).verify(body, dict(request.headers), json_parse=False)
        sequence, event_id = json.loads(body)["data"]["sequence"], request.headers["webhook-id"]
        self.requests += 1
        self.seen[sequence].add(event_id)
        self.came.set()
        answer = await self.behave(request)
        if answer.status == 200:
            self.taken[sequence].append(event_id)
            self.came.set()
        return answer


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serves until left."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/hook"
        yield receiver
    finally:
        await runner.cleanup()

"""Passes connections on to another port of loopback; whatever that answers comes DELAY_MS later.

Run: `python -m tests.benchmarks.slow_relay PORT TO_PORT DELAY_MS`
"""

import sys

import anyio
from anyio.abc import SocketStream


async def serve(port: int, to_port: int, delay_seconds: float) -> None:
    async def forward(source: SocketStream, target: SocketStream, delay: float) -> None:
        try:
            async for piece in source:
                await anyio.sleep(delay)
                await target.send(piece)
            await target.send_eof()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            pass  # one side closed first: there is nobody left to tell

    async def handle(client: SocketStream) -> None:
        async with client, await anyio.connect_tcp("127.0.0.1", to_port) as server, anyio.create_task_group() as pumps:
            pumps.start_soon(forward, client, server, 0)
            pumps.start_soon(forward, server, client, delay_seconds)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port, backlog=500)
    await listener.serve(handle)


if __name__ == "__main__":
    _, port, to_port, delay_ms = sys.argv
    anyio.run(serve, int(port), int(to_port), int(delay_ms) / 1000)

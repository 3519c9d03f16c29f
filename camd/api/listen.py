"""The listeners: the control API on loopback and the Unix socket, the public one. They serve while their context lasts.

Raises `CannotBind` before anything is served. The end is bounded: requests under way get `GRACE_SECONDS`. Connections
are bounded too, so that no flood takes the files that sending needs.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import anyio
from aiohttp import web

from camd.api.keys import DESK
from camd.domain.errors import CamdError
from camd.ports.settings import PublicSettings, ServerSettings

SOCKET_UMASK = 0o117
"""Makes the socket 0660: its owner and group may operate."""
GRACE_SECONDS = 2.0
"""aiohttp waits so long for a request, cancels it, and waits as long again."""
IDLE_SECONDS = 75.0
"""For a connection to send the head of a request, its first one too (slowloris)."""
STUCK_SECONDS = 60
"""For a caller to take what was sent; one that takes nothing is cut off."""
CONNECTIONS = 256
"""At once over TCP, somewhat more where many come in one turn of the loop."""
SOCKET_RESERVE = 128
"""For the Unix socket beside them: a flood from the network does not shut out who is on the machine."""
BACKLOG = 128
LINE_BYTES = 8190
HEADERS = 64
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class CannotBind(CamdError):
    """A listener cannot be opened; the message names the setting to mend."""


@asynccontextmanager
async def serve(
    app: web.Application,
    server: ServerSettings,
    *,
    connections: int = CONNECTIONS,
    idle_seconds: float = IDLE_SECONDS,
) -> AsyncIterator[str]:
    """Serves on TCP and on the Unix socket; other machines only where a token exists, since 401 is all they could get.
    Gives the URL of the former, with the port that stood for port 0."""
    if not server.is_loopback and app[DESK].keyring.is_empty:
        raise CannotBind(
            f"server.host: other machines reach {server.host} and no token exists; "
            "set 127.0.0.1, or make one first with `camd tokens create`"
        )
    with unix_socket(server.socket) as listening:
        async with (
            _running(app, idle_seconds) as speakers,
            _on_tcp(speakers, connections, server.host, server.port, "server.port") as url,
            _on_socket(speakers, connections + SOCKET_RESERVE, listening),
        ):
            yield url


@asynccontextmanager
async def serve_socket(app: web.Application, path: Path) -> AsyncIterator[None]:
    """Serves on a Unix socket alone."""
    with unix_socket(path) as listening:
        async with _running(app) as speakers, _on_socket(speakers, SOCKET_RESERVE, listening):
            yield


@asynccontextmanager
async def serve_public(app: web.Application, public: PublicSettings) -> AsyncIterator[str]:
    """Serves on TCP alone, on any address: nothing of the control API is in this application. Gives its URL."""
    async with (
        _running(app) as speakers,
        _on_tcp(speakers, CONNECTIONS, public.host, public.port, "public.port") as url,
    ):
        yield url


@asynccontextmanager
async def _running(app: web.Application, idle_seconds: float = IDLE_SECONDS) -> AsyncIterator[web.Server]:
    """What makes a speaker for each connection."""
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=GRACE_SECONDS,
        keepalive_timeout=idle_seconds,
        max_line_size=LINE_BYTES,
        max_field_size=LINE_BYTES,
        max_headers=HEADERS,
        # A megabyte of gzip unpacks for seconds, and the loop would stand still meanwhile.
        auto_decompress=False,
    )
    await runner.setup()
    assert runner.server is not None, "it was set up"
    try:
        yield runner.server
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


@asynccontextmanager
async def _on_tcp(speakers: web.Server, limit: int, host: str, port: int, key: str) -> AsyncIterator[str]:
    admit = partial(_admit, speakers, limit)
    try:
        server = await asyncio.get_running_loop().create_server(admit, host, port, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotBind(f"{key}: {host}:{port} cannot be opened: {reason}") from error
    try:
        for listening in server.sockets:
            # Inherited by each connection. Without it one that is never read from waits for ever (RFC 9293, 3.8.6.1).
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_SECONDS * 1000)
        chosen = server.sockets[0].getsockname()[1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{chosen}"
    finally:
        server.close()


@asynccontextmanager
async def _on_socket(speakers: web.Server, limit: int, listening: socket.socket) -> AsyncIterator[None]:
    admit = partial(_admit, speakers, limit)
    server = await asyncio.get_running_loop().create_server(admit, sock=listening, backlog=BACKLOG)
    try:
        yield
    finally:
        server.close()


def _admit(speakers: web.Server, limit: int) -> asyncio.BaseProtocol:
    """Who speaks with the connection that has just come."""
    return speakers() if len(speakers.connections) < limit else _TooMany()


class _TooMany(asyncio.Protocol):
    """One connection more than there may be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(_BUSY)
        transport.close()


@contextmanager
def unix_socket(path: Path) -> Iterator[socket.socket]:
    """A bound socket; its file is removed at the end. One that a dead process left is taken over."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        try:
            _remove_stale(path)
            # The file must never be there with more rights: a caller could slip in before a chmod.
            before = os.umask(SOCKET_UMASK)
            try:
                listening.bind(str(path))
            finally:
                os.umask(before)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CannotBind(f"server.socket: {path} cannot be opened: {reason}") from error
        bound = path.lstat()
        try:
            yield listening
        finally:
            _remove_own(path, bound)


def _remove_stale(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise CannotBind(f"server.socket: somebody answers on {path}; stop that process or set another path")


def _remove_own(path: Path, bound: os.stat_result) -> None:
    """Leaves a file that somebody else has put there meanwhile."""
    try:
        if os.path.samestat(path.lstat(), bound):
            path.unlink()
    except FileNotFoundError:
        return

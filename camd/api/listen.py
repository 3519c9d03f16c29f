"""The listeners: the control API on loopback and the Unix socket, the public one. They serve while their context lasts.

Raises `CannotBind` before anything is served. The end is bounded: requests under way get `GRACE_SECONDS`.
"""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
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
LINE_BYTES = 8190
HEADERS = 64


class CannotBind(CamdError):
    """A listener cannot be opened; the message names the setting to mend."""


@asynccontextmanager
async def serve(app: web.Application, server: ServerSettings) -> AsyncIterator[str]:
    """Serves on TCP and on the Unix socket; other machines only where a token exists, since 401 is all they could get.
    Gives the URL of the former, with the port that stood for port 0."""
    if not server.is_loopback and app[DESK].keyring.is_empty:
        raise CannotBind(
            f"server.host: other machines reach {server.host} and no token exists; "
            "set 127.0.0.1, or make one first with `camd tokens create`"
        )
    with unix_socket(server.socket) as listening:
        async with _running(app) as runner:
            url = await _start_tcp(runner, server.host, server.port, "server.port")
            await web.SockSite(runner, listening).start()
            yield url


@asynccontextmanager
async def serve_socket(app: web.Application, path: Path) -> AsyncIterator[None]:
    """Serves on a Unix socket alone."""
    with unix_socket(path) as listening:
        async with _running(app) as runner:
            await web.SockSite(runner, listening).start()
            yield


@asynccontextmanager
async def serve_public(app: web.Application, public: PublicSettings) -> AsyncIterator[str]:
    """Serves on TCP alone, on any address: nothing of the control API is in this application. Gives its URL."""
    async with _running(app) as runner:
        yield await _start_tcp(runner, public.host, public.port, "public.port")


@asynccontextmanager
async def _running(app: web.Application) -> AsyncIterator[web.AppRunner]:
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=GRACE_SECONDS,
        keepalive_timeout=IDLE_SECONDS,
        max_line_size=LINE_BYTES,
        max_field_size=LINE_BYTES,
        max_headers=HEADERS,
    )
    await runner.setup()
    try:
        yield runner
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


async def _start_tcp(runner: web.AppRunner, host: str, port: int, key: str) -> str:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotBind(f"{key}: {host}:{port} cannot be opened: {reason}") from error
    chosen = runner.addresses[0][1]
    return f"http://{f'[{host}]' if ':' in host else host}:{chosen}"


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

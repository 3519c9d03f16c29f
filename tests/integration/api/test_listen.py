"""The listeners: where they are, what they leave behind, and what they refuse to take."""

# ruff: noqa: ASYNC240 - asking for one small file of a test delays nobody

import os
import socket as sockets
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import httpx
import pytest

from camd.actors.health import Health
from camd.api.app import build_app
from camd.api.listen import CannotBind, serve, serve_socket
from camd.operations.desk import Desk
from camd.ports.settings import ServerSettings


@pytest.mark.usefixtures("http")
def test_the_socket_is_for_its_owner_and_group(socket: Path) -> None:
    assert stat.S_IMODE(socket.lstat().st_mode) == 0o660


async def test_the_socket_is_gone_at_the_end(desk: Desk, health: Health, socket: Path) -> None:
    async with serve_socket(build_app(desk, health), socket):
        assert socket.is_socket()
    assert not socket.exists()


async def test_a_socket_that_a_dead_process_left_is_taken_over(desk: Desk, health: Health, socket: Path) -> None:
    with sockets.socket(sockets.AF_UNIX) as dead:
        dead.bind(str(socket))
    async with serve_socket(build_app(desk, health), socket):
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        async with httpx.AsyncClient(base_url="http://localhost", transport=transport) as http:
            assert (await http.get("/livez")).status_code == 200


async def test_a_socket_that_somebody_answers_on_is_left_alone(
    desk: Desk, health: Health, http: httpx.AsyncClient, socket: Path
) -> None:
    with pytest.raises(CannotBind, match=r"server\.socket: somebody answers"):
        async with serve_socket(build_app(desk, health), socket):
            pass
    assert socket.is_socket()
    assert (await http.get("/livez")).status_code == 200


async def test_a_file_in_the_place_of_the_socket_is_left_alone(desk: Desk, health: Health, socket: Path) -> None:
    socket.write_text("precious")
    with pytest.raises(CannotBind, match=r"server\.socket: .* cannot be opened"):
        async with serve_socket(build_app(desk, health), socket):
            pass
    assert socket.read_text() == "precious"


async def test_a_socket_of_somebody_else_is_not_removed_at_the_end(desk: Desk, health: Health, socket: Path) -> None:
    async with serve_socket(build_app(desk, health), socket):
        socket.unlink()
        socket.write_text("another's")
    assert socket.read_text() == "another's"


async def test_a_folder_that_is_missing_is_a_clear_error(desk: Desk, health: Health, tmp_path: Path) -> None:
    with pytest.raises(CannotBind, match="No such file or directory"):
        async with serve_socket(build_app(desk, health), tmp_path / "nowhere" / "api.sock"):
            pass


async def test_a_taken_port_is_a_clear_error_and_leaves_no_socket(desk: Desk, health: Health, socket: Path) -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotBind, match=f"server.port: 127.0.0.1:{port} cannot be opened: Address already in use"):
            async with serve(build_app(desk, health), ServerSettings("127.0.0.1", port, socket)):
                pass
    assert not socket.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "camd.example"])
async def test_another_host_than_loopback_is_refused_without_a_token(
    desk: Desk, health: Health, socket: Path, host: str
) -> None:
    with pytest.raises(CannotBind, match=r"server\.host: .*camd tokens create"):
        async with serve(build_app(desk, health), ServerSettings(host, 0, socket)):
            pass


async def test_the_umask_is_what_it_was(desk: Desk, health: Health, socket: Path) -> None:
    before = os.umask(0o022)
    try:
        async with serve_socket(build_app(desk, health), socket):
            assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_the_end_closes_the_listeners_and_every_idle_connection(
    desk: Desk, health: Health, socket: Path, is_cancelled: bool
) -> None:
    server = ServerSettings("127.0.0.1", 0, socket)
    async with anyio.create_task_group() as tasks, serve(build_app(desk, health), server) as url:
        port = httpx.URL(url).port or 0
        stream = await anyio.connect_tcp("127.0.0.1", port)
        await stream.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\nGET /liv")
        assert b"200 OK" in await stream.receive()
        if is_cancelled:
            tasks.cancel_scope.cancel()
    assert not socket.exists()
    with pytest.raises(OSError, match="connect"):
        await anyio.connect_tcp("127.0.0.1", port)
    async with stream:
        with anyio.fail_after(60):
            assert b"".join([piece async for piece in stream]) in {b"", b'{"status":"pass"}'}


async def test_a_request_head_of_too_many_or_too_long_lines_is_refused(raw: Callable[[str], Awaitable[int]]) -> None:
    head = "GET /livez HTTP/1.1\nHost: localhost"
    assert await raw(head + "".join(f"\nX-{number}: 1" for number in range(100))) == 400
    assert await raw(f"{head}\nX-Long: {'x' * 10_000}") == 400
    assert await raw(f"GET /livez?{'x' * 10_000} HTTP/1.1\nHost: localhost") in {400, 414}

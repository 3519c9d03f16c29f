"""`camd webhooks`, with a receiver on loopback."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal
from click.testing import Result

Run = Callable[..., Result]
Ask = Callable[..., Any]


@asynccontextmanager
async def receiving(bodies: list[bytes]) -> AsyncIterator[int]:
    """Takes everything but what says that it is refused."""

    async def serve(stream: SocketStream) -> None:
        async with stream:
            received = await stream.receive()
            while b"}}" not in received:
                received += await stream.receive()
            head, _, body = received.partition(b"\r\n\r\n")
            bodies.append(body)
            status = b"410 Gone" if b"/gone" in head else b"200 OK"
            await stream.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield listener.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


@pytest.fixture
def bodies(run: Run, tmp_path: Path) -> Iterator[list[bytes]]:  # noqa: ARG001 - `run` writes the configuration first
    """Those that came in."""
    taken: list[bytes] = []
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(receiving(taken)) as port:
        with (tmp_path / "camd.toml").open("a") as config:
            config.write(
                f"""
                [webhooks.crm]
                url = "http://127.0.0.1:{port}/hook"
                allow_private = true
                [webhooks.make]
                url = "http://127.0.0.1:{port}/gone"
                allow_private = true
                [webhooks.careful]
                url = "http://127.0.0.1:{port}/hook"
                """
            )
        yield taken


@pytest.mark.usefixtures("bodies")
def test_endpoints_are_listed_without_their_addresses(run: Run, ask: Ask) -> None:
    assert [endpoint["name"] for endpoint in ask("webhooks", "list")["items"]] == ["crm", "make", "careful"]
    listed = run("webhooks", "list").output
    assert all(word in listed for word in ("crm", "standard", "active"))
    assert "127.0.0.1" not in listed


def test_without_a_webhook_the_next_step_is_named(run: Run) -> None:
    assert "[webhooks.<name>]" in run("webhooks", "list").output


def test_a_test_reaches_the_receiver_also_in_dry_run(run: Run, bodies: list[bytes]) -> None:
    assert run("webhooks", "test", "crm").output == "crm: took it (200)\n"
    assert [json.loads(body)["type"] for body in bodies] == ["webhook.test"]


@pytest.mark.usefixtures("bodies")
def test_a_test_that_is_not_taken_ends_with_1(run: Run) -> None:
    assert "no scenario listens" in run("webhooks", "test", "make", code=1).output
    assert "allow_private" in run("webhooks", "test", "careful", code=1).output


@pytest.mark.usefixtures("bodies")
def test_deliveries_are_listed_by_their_status(run: Run, ask: Ask) -> None:
    assert ask("webhooks", "list", "--status", "dead") == {"items": [], "next": None}
    assert "reason" in run("webhooks", "list", "--status", "pending").output

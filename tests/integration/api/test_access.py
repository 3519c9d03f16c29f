"""Without a token the API is this machine's alone: no proxy, no foreign page, no other name leads to it."""

import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

Raw = Callable[[str], Awaitable[int]]

STATUS = "GET /api/cam/status HTTP/1.1"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"])
async def test_a_loopback_name_is_answered(raw: Raw, host: str) -> None:
    assert await raw(f"{STATUS}\nHost: {host}") == 200


@pytest.mark.parametrize(
    "host",
    [
        "camd.example",
        "localhost.camd.example",
        "127.0.0.1.camd.example",
        "127.0.0.2",
        "localhost:",
        "localhost:80x",
        "localhost:8000:1",
        "::1",
        "0.0.0.0",
        "",
        "localhost@camd.example",
    ],
)
async def test_another_name_is_not_answered_so_that_rebinding_leads_nowhere(raw: Raw, host: str) -> None:
    assert await raw(f"{STATUS}\nHost: {host}") in {400, 401}


async def test_http_1_0_as_a_bare_proxy_pass_speaks_it_is_not_answered(raw: Raw) -> None:
    assert await raw("GET /api/cam/status HTTP/1.0\nHost: 127.0.0.1") == 401


async def test_a_target_that_names_another_host_is_not_answered(raw: Raw) -> None:
    assert await raw("GET http://camd.example/api/cam/status HTTP/1.1\nHost: localhost") == 401


@pytest.mark.parametrize(
    "header",
    [
        "Forwarded: for=192.0.2.1",
        "X-Forwarded-For: 127.0.0.1",
        "x-forwarded-anything: 1",
        "X-Real-IP: 127.0.0.1",
        "Via: 1.1 proxy",
        "Forwarded:",
    ],
)
async def test_what_a_proxy_passes_on_is_not_answered(raw: Raw, header: str) -> None:
    assert await raw(f"{STATUS}\nHost: localhost\n{header}") == 401


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8501", 200),
        ("http://127.0.0.1", 200),
        ("http://[::1]:1", 200),
        ("https://camd.example", 401),
        ("https://localhost.camd.example", 401),
        ("https://localhost@camd.example", 401),
        ("null", 401),
        ("", 401),
        ("http://[", 401),
    ],
)
async def test_only_pages_of_this_machine_may_ask(raw: Raw, origin: str, status: int) -> None:
    assert await raw(f"{STATUS}\nHost: localhost\nOrigin: {origin}") == status


async def test_two_origins_are_both_looked_at(raw: Raw) -> None:
    assert await raw(f"{STATUS}\nHost: localhost\nOrigin: http://localhost\nOrigin: https://camd.example") == 401


async def test_the_denial_says_how_to_make_a_token(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/cam/no-such-path", headers={"Via": "1.1 proxy"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "camd tokens create" in answer.json()["detail"]


async def test_a_denied_write_writes_nothing(http: httpx.AsyncClient) -> None:
    headers = {"Origin": "https://camd.example"}
    assert (await http.post("/api/cam/campaigns", json={"name": "Q1"}, headers=headers)).status_code == 401
    assert (await http.get("/api/cam/campaigns")).json()["items"] == []


@pytest.mark.usefixtures("http")
async def test_the_unix_socket_needs_nothing_and_names_its_user(socket: Path) -> None:
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(base_url="http://anything.example", transport=transport) as over_socket:
        made = await over_socket.post("/api/cam/campaigns", json={"name": "Q1"}, headers={"Via": "1.1 proxy"})
        assert made.status_code == 201
        events = (await over_socket.get("/api/cam/events")).json()["items"]
        assert [event["actor"] for event in events] == [f"os:{getpass.getuser()}"]


async def test_over_tcp_the_ledger_names_the_machine(http: httpx.AsyncClient) -> None:
    await http.post("/api/cam/campaigns", json={"name": "Q1"})
    assert (await http.get("/api/cam/events")).json()["items"][0]["actor"] == "os:local"

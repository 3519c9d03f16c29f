"""What attackers and broken programs send: each gets its clear answer, and changes nothing."""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import anyio
import httpx
import pytest

from camd.actors.health import Health
from camd.api.app import build_app
from camd.api.client_limit import ClientLimit
from camd.api.listen import serve
from camd.domain.access import Scope
from camd.domain.token_bucket import RateBucket
from camd.operations import tokens
from camd.operations.desk import Desk
from camd.ports.settings import LoggingSettings, ServerSettings
from camd.schema.token import TokenBody
from camd.system import SystemClock
from camd.telemetry.logs import configure

CAMPAIGNS = "/api/cam/campaigns"
PIECE = bytes(1 << 18)
GIGABYTE = 1_000_000_000
INJECTED = "x\r\nSet-Cookie: a=b\r\n\r\n<html>"


@dataclass
class Exchange:
    """One connection of plain bytes."""

    port: int

    async def say(self, *pieces: bytes) -> bytes:
        """What comes back until the server has closed, or has answered a first head."""
        async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
            for piece in pieces:
                await stream.send(piece)
            received = b""
            with anyio.fail_after(20):
                while b"\r\n\r\n" not in received:
                    try:
                        received += await stream.receive()
                    except anyio.EndOfStream:
                        break
        return received

    async def status(self, *pieces: bytes) -> int:
        return int((await self.say(*pieces)).split(b" ", 2)[1])


@pytest.fixture
def wire(http: httpx.AsyncClient) -> Exchange:
    return Exchange(http.base_url.port or 0)


async def names(http: httpx.AsyncClient) -> list[str]:
    return [each["name"] for each in (await http.get(CAMPAIGNS)).json()["items"]]


async def zeros(size: int) -> AsyncIterator[bytes]:
    for piece in repeat(PIECE, size // len(PIECE) + 1):
        yield piece


async def two_campaigns(http: httpx.AsyncClient) -> str:
    """A lead of the second."""
    for name in ("Q1", "Q2"):
        assert (await http.post(CAMPAIGNS, json={"name": name})).status_code == 201
    made = await http.post(f"{CAMPAIGNS}/2/leads", json={"email": "ann@acme.example"})
    return str(made.json()["id"])


async def test_a_lead_is_not_found_through_another_campaign(http: httpx.AsyncClient) -> None:
    lead = await two_campaigns(http)
    assert (await http.get(f"{CAMPAIGNS}/1/leads/{lead}")).status_code == 404
    assert (await http.get(f"{CAMPAIGNS}/1/leads")).json()["items"] == []
    for path, chosen in (("events", {"lead": lead}), ("touches", {"lead": lead}), ("inbound", {"lead": lead})):
        found = (await http.get(f"/api/cam/{path}", params={"campaign": "1", **chosen})).json()["items"]
        assert found == []


async def test_a_cursor_of_one_campaign_shows_nothing_of_it_in_another(http: httpx.AsyncClient) -> None:
    await two_campaigns(http)
    await http.post(f"{CAMPAIGNS}/2/leads", json={"email": "bob@acme.example"})
    cursor = (await http.get(f"{CAMPAIGNS}/2/leads", params={"limit": 1})).json()["next"]
    assert cursor
    assert (await http.get(f"{CAMPAIGNS}/1/leads", params={"cursor": cursor})).json()["items"] == []


@pytest.mark.parametrize("kind", ["leads", "touches", "inbound", "imports", "runs"])
@pytest.mark.parametrize("ref", ["1", "0", "-1", "ld_", "' OR 1=1 --", "9" * 400, "%00", "..%2f..%2fetc%2fpasswd", "é"])
async def test_an_id_that_is_none_is_not_found(http: httpx.AsyncClient, kind: str, ref: str) -> None:
    path = f"/api/cam/{kind}/{ref}" + ("/undo" if kind == "imports" else "")
    answer = await http.request("POST" if kind == "imports" else "GET", path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "target",
    [
        "/api/cam/../cam/tokens",
        "/api/cam/%2e%2e/tokens",
        "/api/cam/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/../../../../etc/passwd",
        "//api/cam/tokens",
        "/api//cam/tokens",
        "/api/cam/tokens/",
        "/api/cam/tokens%00",
        "/api/cam/tokens;x=1",
        "/api/cam/%c0%ae%c0%ae/tokens",
        "/API/CAM/TOKENS",
        "/api%2fcam%2ftokens",
        "/api/cam\\tokens",
        "/livez/../api/cam/tokens",
        "/livez%2f..%2fapi/cam/tokens",
        "/metrics/",
        "*",
        "/" + "a/" * 3000,
    ],
)
async def test_no_trick_of_a_path_leads_past_the_token(desk: Desk, wire: Exchange, target: str) -> None:
    await tokens.create(desk, TokenBody(name="crm", scope=Scope.READ), actor="os:ann")
    assert await wire.status(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()) in {400, 401}


@pytest.mark.parametrize(
    "head",
    [
        "GET {path} HTTP/1.0\r\nHost: localhost",
        "GET http://localhost{path} HTTP/1.1\r\nHost: localhost",
        "GET http://camd.example{path} HTTP/1.1\r\nHost: localhost",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nHost: camd.example",
        "GET {path} HTTP/1.1\r\nHost: camd.example",
        "GET {path} HTTP/1.1",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://camd.example",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 127.0.0.1",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nx-forwarded-host: localhost",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For : 127.0.0.1",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\n X-Folded: 1",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6",
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1",
        "GET {path} HTTP/9.9\r\nHost: localhost",
        "G\x00T {path} HTTP/1.1\r\nHost: localhost",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM",
    ],
)
async def test_a_request_that_is_not_plainly_this_machines_is_refused(wire: Exchange, head: str) -> None:
    assert await wire.status(head.format(path="/api/cam/status").encode() + b"\r\n\r\n") in {400, 401, 505}


async def test_what_is_pipelined_behind_a_refusal_is_refused_too(http: httpx.AsyncClient, wire: Exchange) -> None:
    body = b'{"name": "Q1"}'
    smuggled = b"POST /api/cam/campaigns HTTP/1.1\r\nHost: camd.example\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )
    first = b"POST /api/cam/campaigns HTTP/1.1\r\nHost: localhost\r\nVia: 1.1 proxy\r\nContent-Length: 2\r\n\r\n{}"
    assert await wire.status(first + smuggled * 50) == 401
    assert await names(http) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CAMPAIGNS, {"name": INJECTED}),
        ("/api/cam/tokens", {"name": INJECTED, "scope": "read"}),
        (f"{CAMPAIGNS}/1/leads", {"email": f"ann@acme.example{INJECTED}"}),
        ("/api/cam/suppressions", {"value": f"acme.example{INJECTED}"}),
    ],
)
async def test_no_line_break_in_a_body_comes_out_in_a_header(
    http: httpx.AsyncClient, path: str, body: dict[str, str]
) -> None:
    await http.post(CAMPAIGNS, json={"name": "Q1"})
    answer = await http.post(path, json=body)
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["campaigns/{}", "campaigns/{}/leads/export", "campaigns/{}/inbound/export", "runs/{}"]
)
async def test_no_line_break_in_a_path_comes_out_in_a_header(wire: Exchange, path: str) -> None:
    target = "/api/cam/" + path.format("x%0d%0aSet-Cookie:%20a=b")
    answer = await wire.say(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert b" 404 " in answer.partition(b"\r\n")[0]
    assert b"Set-Cookie" not in answer.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize("name", ['Ann\'s "list"', "a; filename=b.exe", "ünïcode ☃"])
async def test_the_name_of_an_exported_file_is_no_callers(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.post(CAMPAIGNS, json={"name": name})).headers["Location"] == f"{CAMPAIGNS}/1"
    answer = await http.get(f"{CAMPAIGNS}/1/leads/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leads.csv"'


async def test_a_gigabyte_that_says_its_size_is_refused_before_it_is_read(wire: Exchange) -> None:
    head = f"POST {CAMPAIGNS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    assert await wire.status(head.encode()) == 413


async def test_a_gigabyte_in_pieces_is_read_to_the_limit_and_no_further(http: httpx.AsyncClient) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        async for piece in zeros(GIGABYTE):
            sent += len(piece)
            yield piece

    with anyio.fail_after(60):
        try:
            answer = await http.post(CAMPAIGNS, content=pieces())
            assert answer.status_code == 413
        except httpx.TransportError:
            # Cut off before everything was sent.
            assert sent < GIGABYTE
    assert await names(http) == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip"])
async def test_a_body_that_is_to_be_unpacked_is_refused_so_that_none_can_burst(
    http: httpx.AsyncClient, encoding: str
) -> None:
    await http.post(CAMPAIGNS, json={"name": "Q1"})
    for path in (CAMPAIGNS, f"{CAMPAIGNS}/1/leads/import"):
        packed = gzip.compress(b'{"name": "Q2"}')
        answer = await http.post(path, content=packed, headers={"Content-Encoding": encoding})
        assert answer.status_code == 415


async def test_a_body_nested_without_end_is_no_json(http: httpx.AsyncClient) -> None:
    assert (await http.post(CAMPAIGNS, content=b"[" * 900_000)).status_code == 400
    assert (await http.post(CAMPAIGNS, content=b'{"a":' * 180_000)).status_code == 400


@pytest.fixture
async def hasty(desk: Desk, health: Health, socket: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An API that waits for nobody, and for few at once."""
    app = build_app(desk, health, body_seconds=0.05)
    server = ServerSettings("127.0.0.1", 0, socket)
    async with (
        serve(app, server, idle_seconds=0.2, connections=3) as url,
        httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_keepalive_connections=0)) as client,
    ):
        yield client


async def test_a_body_that_does_not_come_is_given_up(hasty: httpx.AsyncClient) -> None:
    head = f"POST {CAMPAIGNS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n"
    assert await Exchange(hasty.base_url.port or 0).status(head.encode(), b'{"name"') == 408
    assert await names(hasty) == []


async def test_an_upload_that_pauses_for_too_long_is_given_up(hasty: httpx.AsyncClient) -> None:
    await hasty.post(CAMPAIGNS, json={"name": "Q1"})
    head = f"POST {CAMPAIGNS}/1/leads/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n"
    said = await Exchange(hasty.base_url.port or 0).status(head.encode(), b"email\r\nann@acme.example\r\n")
    assert said == 408
    assert (await hasty.get(f"{CAMPAIGNS}/1/leads")).json()["items"] == []


@pytest.mark.parametrize("head", [b"", b"GET /livez HTTP/1.1\r\nHost: loc"])
async def test_a_head_that_does_not_end_is_cut_off(hasty: httpx.AsyncClient, head: bytes) -> None:
    assert await Exchange(hasty.base_url.port or 0).say(head) == b""


async def test_a_head_that_comes_letter_by_letter_gains_no_time(hasty: httpx.AsyncClient) -> None:
    async with await anyio.connect_tcp("127.0.0.1", hasty.base_url.port or 0) as stream:
        with anyio.fail_after(20):
            try:
                while True:
                    await stream.send(b"X")
                    with anyio.move_on_after(0.02):
                        await stream.receive()
            except (anyio.BrokenResourceError, anyio.EndOfStream):
                pass


async def test_one_connection_too_many_is_told_so_and_the_socket_has_room(
    hasty: httpx.AsyncClient, socket: Path
) -> None:
    port = hasty.base_url.port or 0
    async with AsyncExitStack() as held:
        for _ in range(3):
            stream = await held.enter_async_context(await anyio.connect_tcp("127.0.0.1", port))
            await stream.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b" 200 " in await stream.receive()
        assert await Exchange(port).status() == 503
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        async with httpx.AsyncClient(base_url="http://localhost", transport=transport) as local:
            assert (await local.get("/api/cam/status")).status_code == 200
    with anyio.fail_after(20):
        while await Exchange(port).status(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n") != 200:
            await anyio.lowlevel.checkpoint()


class Frozen(SystemClock):
    """A clock whose seconds a test counts."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
async def limited(desk: Desk, health: Health, socket: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Frozen]]:
    clock = Frozen()
    limit = ClientLimit(clock, RateBucket(count=1, period=timedelta(seconds=1), burst=5))
    app = build_app(desk, health, limit=limit)
    async with (
        serve(app, ServerSettings("127.0.0.1", 0, socket)) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        yield client, clock


async def codes(http: httpx.AsyncClient, count: int, path: str = "/api/cam/status", **headers: str) -> list[int]:
    return [(await http.get(path, headers=headers)).status_code for _ in range(count)]


async def test_too_many_requests_are_told_when_to_come_again(limited: tuple[httpx.AsyncClient, Frozen]) -> None:
    http, clock = limited
    assert await codes(http, 7) == [200] * 5 + [429] * 2
    answer = await http.get("/api/cam/status")
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["type"] == "urn:camd:problem:too-fast"
    clock.seconds = 1
    assert await codes(http, 2) == [200, 429]


async def test_nobody_uses_up_what_another_may(desk: Desk, limited: tuple[httpx.AsyncClient, Frozen]) -> None:
    http, _ = limited
    first, second = [
        (await tokens.create(desk, TokenBody(name=name, scope=Scope.READ), actor="os:ann")).token for name in "ab"
    ]
    assert await codes(http, 6) == [401] * 5 + [429]
    assert await codes(http, 6, Authorization="Bearer wrong") == [429] * 6
    assert await codes(http, 6, Authorization=f"Bearer {first}") == [200] * 5 + [429]
    assert await codes(http, 6, Authorization=f"Bearer {second}") == [200] * 5 + [429]
    assert await codes(http, 6, "/livez") == [200] * 5 + [429]


async def test_a_forged_address_is_no_other_caller(limited: tuple[httpx.AsyncClient, Frozen]) -> None:
    http, _ = limited
    answers = [(await http.get("/api/cam/status", headers={"X-Forwarded-For": f"192.0.2.{n}"})) for n in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_a_repeated_post_makes_nothing_twice(http: httpx.AsyncClient) -> None:
    assert [(await http.post(CAMPAIGNS, json={"name": "Q1"})).status_code for _ in range(2)] == [201, 409]
    lead = {"email": "ann@acme.example"}
    assert [(await http.post(f"{CAMPAIGNS}/1/leads", json=lead)).status_code for _ in range(2)] == [201, 200]
    value = {"value": "acme.example"}
    assert [(await http.post("/api/cam/suppressions", json=value)).status_code for _ in range(2)] == [201, 200]


async def test_a_flood_of_wrong_tokens_is_a_few_lines_in_the_log(
    desk: Desk, http: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    sink = configure(desk.context.clock, LoggingSettings("json"), version="1.2.3", metrics=desk.context.metrics)
    await codes(http, 20, Authorization="Bearer camd_canary")
    sink.close()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [refused] = [line for line in told if line["event"] == "api.auth_failed"]
    assert (refused["reason"], refused["count"]) == ("token-unknown", 1)
    assert "canary" not in str(told)

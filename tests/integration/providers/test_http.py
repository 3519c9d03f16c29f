"""The client for vendors over real sockets: what left and what did not, and the limits of an answer (faults 52-60)."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from pydantic import BaseModel, ValidationError

from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent, Unreadable

KEY = "key-that-nobody-may-read"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Keys(BaseModel):
    key: HeaderSecret
    base_url: BaseUrl = "https://api.example.com"


@asynccontextmanager
async def server(serve: Callable[[SocketStream, bytes], Awaitable[None]]) -> AsyncIterator[str]:
    """Hands each connection with the head of its request to `serve`, then closes it."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            await serve(stream, head)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


def saying(*parts: bytes) -> Callable[[SocketStream, bytes], Awaitable[None]]:
    async def serve(stream: SocketStream, _: bytes) -> None:
        for part in parts:
            await stream.send(part)

    return serve


async def get(url: str, http: Http | None = None) -> Answer:
    return await (http or Http()).request("GET", url, headers={"Authorization": f"Bearer {KEY}"})


def whole(error: BaseException) -> Iterator[str]:
    """Everything that a traceback of the error would show."""
    here: BaseException | None = error
    while here is not None:
        yield f"{here!r} {here}"
        here = here.__cause__ or here.__context__


async def test_the_request_target_goes_out_as_it_is_written() -> None:
    heads: list[bytes] = []

    async def serve(stream: SocketStream, head: bytes) -> None:
        heads.append(head)
        await stream.send(OK + b"Content-Length: 2\r\n\r\n{}")

    target = "/rest/x?owner=(account:urn%3Ali%3Aaccount%3A1)&span=(start:1,end:2)&fields=a,b:(c)"
    async with server(serve) as base:
        assert (await get(base + target)).json() == {}
    assert heads[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())
    assert b"Accept-Encoding: identity" in heads[0]


async def test_content_is_posted_as_it_is() -> None:
    received: list[bytes] = []

    async def serve(stream: SocketStream, head: bytes) -> None:
        received.append(head if head.endswith(b'{"a": 1}') else head + await stream.receive())
        await stream.send(OK + b"Content-Length: 2\r\n\r\n{}")

    async with server(serve) as base:
        headers = {"Content-Type": "application/json"}
        answer = await Http().request("POST", f"{base}/x", headers=headers, content=b'{"a": 1}')
    assert answer.status == 200
    assert received[0].startswith(b"POST /x ")
    assert received[0].endswith(b'\r\n\r\n{"a": 1}')


async def test_a_port_where_nobody_listens_was_certainly_not_asked() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NotSent, match=r"^127\.0\.0\.1: cannot be reached$"):
            await get(f"http://127.0.0.1:{taken.getsockname()[1]}/")


async def test_a_server_that_speaks_no_tls_was_certainly_not_asked() -> None:
    async with server(saying(b"220 mail.example ESMTP\r\n")) as base:
        with pytest.raises(NotSent):
            await get(base.replace("http:", "https:"), Http(connect_seconds=0.5))


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"HTTP/1.1 200 OK\r\nContent-Type: applic",),
        (OK + b'Content-Length: 100\r\n\r\n{"a": ',),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",),
        (b"220 mail.example ESMTP\r\n\r\n",),
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "another protocol"],
)
async def test_an_answer_that_ends_too_early_is_lost(parts: tuple[bytes, ...]) -> None:
    async with server(saying(*parts)) as base:
        with pytest.raises(AnswerLost):
            await get(base)


async def test_fault_58_an_answer_in_drips_ends_at_the_deadline_for_all_of_it() -> None:
    async def drip(stream: SocketStream, _: bytes) -> None:
        await stream.send(OK + b"Content-Length: 1000\r\n\r\n")
        while True:
            await stream.send(b" ")
            await anyio.sleep(0.01)

    async with server(drip) as base:
        with pytest.raises(AnswerLost, match="no whole answer in time"):
            await get(base, Http(total_seconds=2))


async def test_fault_58_no_more_of_a_body_is_read_than_its_limit() -> None:
    async with server(saying(OK + b"Content-Length: 1001\r\n\r\n" + b" " * 1001)) as base:
        with pytest.raises(AnswerLost, match="too long"):
            await get(base, Http(most_bytes=1000))
        assert len((await get(base, Http(most_bytes=1001))).body) == 1001


async def test_fault_59_a_redirect_is_an_answer_and_nothing_more() -> None:
    asked: list[bytes] = []

    async def serve(stream: SocketStream, head: bytes) -> None:
        asked.append(head)
        await stream.send(b"HTTP/1.1 307 Elsewhere\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")

    async with server(serve) as base:
        assert (await get(base)).status == 307
    assert len(asked) == 1


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with server(saying(OK + b"Content-Length: 2\r\n\r\n{}")) as base:
        assert (await get(base)).status == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"{}"),
        ("text/plain", b"{}"),
        ("", b"{}"),
        ("image/svg+xml", b"{}"),
        ("application/json", b""),
        ("application/json", b'{"a": 1'),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b"\xff\xfe\xfa"),
    ],
)
def test_faults_52_and_53_what_is_not_json_is_unreadable_and_not_repeated(kind: str, body: bytes) -> None:
    secret = f'"{KEY}"'.encode()
    with pytest.raises(Unreadable) as caught:
        Answer(200, {"content-type": kind}, body + secret if body else body).json()
    assert KEY not in " ".join(whole(caught.value))


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"])
def test_json_is_known_by_its_content_type(kind: str) -> None:
    assert Answer(200, {"content-type": kind}, b'{"a": 1}').json() == {"a": 1}


def test_a_compressed_body_is_not_unpacked() -> None:
    with pytest.raises(Unreadable, match="compressed"):
        Answer(200, {"content-type": "application/json", "content-encoding": "gzip"}, b"{}").json()


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("Mon, 02 Mar 2026 12:10:00 GMT", timedelta(minutes=10)),
        (str(10 * 365 * 86_400), timedelta(hours=24)),
        ("-5", timedelta(seconds=1)),
        ("Mon, 02 Mar 2020 12:10:00 GMT", timedelta(seconds=1)),
        ("", None),
        ("soon", None),
    ],
)
def test_fault_55_the_wait_that_a_vendor_asks_for_has_its_bounds(said: str, wait: timedelta | None) -> None:
    assert Answer(429, {"retry-after": said}, b"").retry_after(NOW) == wait


async def test_no_error_shows_the_key_or_the_query() -> None:
    async with server(saying(b"no http at all\r\n\r\n")) as base:
        with pytest.raises(AnswerLost) as lost:
            await get(f"{base}/?api_key={KEY}")
    with pytest.raises(NotSent) as unsent:
        await get(f"http://127.0.0.1:1/?api_key={KEY}")
    assert KEY not in " ".join([*whole(lost.value), *whole(unsent.value)])


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "ümlaut", ""])
def test_a_key_that_fits_no_header_is_refused_when_it_is_read(key: str) -> None:
    with pytest.raises(ValidationError, match="printable ASCII"):
        Keys(key=key)  # type: ignore[arg-type] # as a file gives it


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        ("http://127.0.0.1:8101", "http://127.0.0.1:8101"),
        ("http://[::1]:8101", "http://[::1]:8101"),
    ],
)
def test_a_key_travels_encrypted_or_on_this_machine(url: str, kept: str) -> None:
    given: dict[str, Any] = {"key": KEY, "base_url": url}
    assert Keys(**given).base_url == kept


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "ftp://x.example", "https://", "https://x.example/?a=1", "https://u:p@x.example", "x"],
)
def test_an_address_that_would_give_the_key_away_is_refused(url: str) -> None:
    given: dict[str, Any] = {"key": KEY, "base_url": url}
    with pytest.raises(ValidationError, match=r"must be an address|in the clear"):
        Keys(**given)

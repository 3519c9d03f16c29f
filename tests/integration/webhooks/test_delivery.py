"""One attempt over real sockets: whom it reaches, what it reads, and that nothing of the URL comes out (fault 89)."""

import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Listener, SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from camd.ports.settings import WebhookSettings
from camd.ports.webhooks import Answer, NotDelivered, Post, TargetRefused
from camd.system import SystemClock
from camd.webhooks.delivery import MOST_BYTES, HttpWebhooks

CANARY = "canary-5f1c"
SECRET = "whsec_Y2FtZC10ZXN0LXNpZ25pbmcta2V5LTAxMjM0NTY3ODk="
BODY = '{"type":"lead.replied","data":{"name":"Grüße"}}'.encode()
Serve = Callable[[SocketStream, bytes], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Hands each connection with its request to `serve`, then closes it."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            received = b""
            while BODY not in received:
                received += await stream.receive()
            await serve(stream, received)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as plain, anyio.create_task_group() as tasks:
        listener: Listener[Any] = TLSListener(plain, tls, standard_compatible=False) if tls else plain
        tasks.start_soon(listener.serve, handle)
        yield plain.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


class Heard:
    """Answers with these bytes, and keeps the request."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = parts
        self.request = b""

    async def __call__(self, stream: SocketStream, request: bytes) -> None:
        self.request = request
        for part in self._parts:
            await stream.send(part)


def endpoint(url: str, **changes: object) -> WebhookSettings:
    plain = WebhookSettings("crm", SecretStr(url), SecretStr(SECRET), (), "standard", True, True)
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


async def post(to: WebhookSettings, door: HttpWebhooks | None = None) -> Answer:
    return await (door or HttpWebhooks()).post(Post(to, "ev_1", SystemClock().now(), BODY))


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


def whole(error: BaseException) -> Iterator[str]:
    """Everything that a traceback of the error would show."""
    here: BaseException | None = error
    while here is not None:
        yield f"{here!r} {here}"
        here = here.__cause__ or here.__context__


async def test_the_very_bytes_go_out_with_their_headers() -> None:
    heard = Heard(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nAccepted")
    async with server(heard) as port:
        answer = await post(endpoint(f"http://127.0.0.1:{port}/{CANARY}?a=1"))
    assert (answer.status, answer.text) == (200, "Accepted")
    head, _, body = heard.request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    assert body == BODY
    assert lines[0] == f"POST /{CANARY}?a=1 HTTP/1.1"
    assert headers["host"] == f"127.0.0.1:{port}"
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "ev_1"
    assert headers["webhook-signature"].startswith("v1,")


@pytest.mark.parametrize(
    ("secret", "has", "lacks"),
    [
        ("shared-key", "x-make-apikey: shared-key", "webhook-signature"),
        (SECRET, "webhook-signature: v1,", "x-make-apikey"),
        (None, "webhook-id: ev_1", "webhook-signature"),
    ],
)
async def test_a_make_webhook_is_signed_or_gets_its_key(secret: str | None, has: str, lacks: str) -> None:
    heard = Heard(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with server(heard) as port:
        kept = SecretStr(secret) if secret else None
        await post(endpoint(f"http://127.0.0.1:{port}/", flavour="make", secret=kept))
    sent = heard.request.decode().lower()
    assert has in sent
    assert lacks not in sent


async def test_fault_89_a_redirect_is_an_answer_and_not_followed() -> None:
    heard = Heard(
        b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n"
    )
    async with server(heard) as port:
        assert (await post(endpoint(f"http://127.0.0.1:{port}/"))).status == 302


async def test_no_more_than_the_limit_is_read_of_an_endless_answer() -> None:
    async def endless(stream: SocketStream, _: bytes) -> None:
        await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send(b"x" * 10_000)

    async def until_it_hangs_up(stream: SocketStream, request: bytes) -> None:
        with suppress(anyio.BrokenResourceError):
            await endless(stream, request)

    async with server(until_it_hangs_up) as port:
        answer = await post(endpoint(f"http://127.0.0.1:{port}/"))
    assert (answer.status, len(answer.text)) == (200, MOST_BYTES)


@pytest.mark.parametrize(("header", "wait"), [("120", 120), ("999999", 86_400), ("-5", 1), ("soon", None)])
async def test_retry_after_is_read_and_clamped(header: str, wait: int | None) -> None:
    heard = Heard(f"HTTP/1.1 429 Too Many\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n".encode())
    async with server(heard) as port:
        answer = await post(endpoint(f"http://127.0.0.1:{port}/"))
    assert answer.retry_after == (timedelta(seconds=wait) if wait else None)


async def never(stream: SocketStream, _: bytes) -> None:
    await stream.receive()


async def drips(stream: SocketStream, _: bytes) -> None:
    while True:
        await stream.send(b"H")
        await anyio.sleep(0.05)


@pytest.mark.parametrize("serve", [never, drips])
async def test_fault_89_one_deadline_holds_for_all_of_it(serve: Serve) -> None:
    async def quietly(stream: SocketStream, request: bytes) -> None:
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream):
            await serve(stream, request)

    async with server(quietly) as port:
        with pytest.raises(NotDelivered, match=r"no answer within 0\.3 s"):
            await post(endpoint(f"http://127.0.0.1:{port}/"), HttpWebhooks(total_seconds=0.3))


async def test_a_resolver_that_hangs_is_cut_off_too() -> None:
    async def hanging(_host: str, _port: int) -> Sequence[str]:
        await anyio.sleep_forever()
        return ()

    with pytest.raises(NotDelivered, match="no answer within"):
        await post(endpoint("https://hook.example/"), HttpWebhooks(hanging, total_seconds=0.1))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1"])
async def test_fault_89_a_host_of_the_own_network_is_not_connected_to(address: str) -> None:
    heard = Heard()
    async with server(heard) as port:
        refused = endpoint(f"https://hook.example:{port}/{CANARY}", allow_private=False)
        with pytest.raises(TargetRefused) as error:
            await post(refused, HttpWebhooks(resolving("8.8.8.8", address)))
    assert heard.request == b""
    assert not any(CANARY in shown for shown in whole(error.value))


async def test_fault_89_the_connection_goes_to_the_address_that_was_judged_and_to_no_other() -> None:
    """The name is asked once; who rebinds it to another address a moment later changes nothing."""
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    heard = Heard(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    async with server(heard) as port:
        answer = await post(endpoint(f"http://hook.example:{port}/"), HttpWebhooks(rebinding))
    assert answer.status == 200
    assert asked == ["hook.example"]
    assert f"Host: hook.example:{port}".encode() in heard.request


def certificate(folder: Path, name: str) -> Path:
    """Self-signed, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, private, plain)
    )
    return path


@pytest.mark.parametrize(("name", "status"), [("hook.example", 200), ("other.example", None)])
async def test_the_certificate_must_be_the_hosts_whatever_the_address(
    tmp_path: Path, name: str, status: int | None
) -> None:
    path = certificate(tmp_path, "hook.example")
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(path)
    door = HttpWebhooks(resolving("127.0.0.1"), trust=lambda: ssl.create_default_context(cafile=path))
    async with server(Heard(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ours) as port:
        to = endpoint(f"https://{name}:{port}/")
        if status is None:
            with pytest.raises(NotDelivered, match="cannot be reached"):
                await post(to, door)
        else:
            assert (await post(to, door)).status == status


async def test_nothing_of_the_url_comes_out_of_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with server(Heard()) as port:
        to = endpoint(f"http://127.0.0.1:{port}/{CANARY}")
        with pytest.raises(NotDelivered) as cut:
            await post(to)
    with pytest.raises(NotDelivered) as closed:
        await post(to)
    shown = [*whole(cut.value), *whole(closed.value)]
    # The libraries below write at DEBUG, which no daemon's log takes of them.
    shown += [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    assert not any(CANARY in text for text in shown)

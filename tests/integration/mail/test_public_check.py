"""The public address as recipients see it, over real TLS. It stands here for the sake of the certificates."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from camd.daemon.public_check import look_at_public
from camd.ports.settings import PublicSettings
from camd.schema.doctor import DoctorFinding, DoctorLevel
from tests.integration.mail.conftest import NOW, Authority

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def proxy(tls: ssl.SSLContext, answer: bytes, asked: list[bytes]) -> AsyncIterator[PublicSettings]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield PublicSettings(enabled=True, base_url=f"https://127.0.0.1:{port}/camd")


async def looked(authority: Authority, *, days: int = 1, answer: bytes = WELL) -> list[DoctorFinding]:
    asked: list[bytes] = []
    async with proxy(authority.server(days=days), answer, asked) as public:
        found = await look_at_public(public, NOW, tls=authority.trusted)
    assert asked == [b"GET /camd/livez HTTP/1.1\r\n"]
    return found


async def test_an_address_that_answers_with_a_good_certificate_is_well(authority: Authority) -> None:
    [finding] = await looked(authority, days=60)
    assert finding.level is DoctorLevel.OK
    assert "is good until" in finding.message


async def test_a_certificate_that_ends_within_two_weeks_is_told(authority: Authority) -> None:
    [finding] = await looked(authority, days=13)
    assert (finding.level, "expires on" in finding.message) == (DoctorLevel.WARN, True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [(b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"), (b"220 mail.example\r\n", "nothing that is HTTP")],
)
async def test_a_proxy_that_leads_elsewhere_is_a_reason_to_stop(authority: Authority, answer: bytes, told: str) -> None:
    [finding] = await looked(authority, days=60, answer=answer)
    assert (finding.level, told in finding.message) == (DoctorLevel.STOP, True)
    assert "pass /u/, /hooks/ and /livez on to 127.0.0.1:8001" in (finding.mend or "")


async def test_a_certificate_that_nobody_signed_is_a_reason_to_stop(authority: Authority) -> None:
    async with proxy(authority.server(days=60), WELL, []) as public:
        [finding] = await look_at_public(public, NOW)
    assert finding.level is DoctorLevel.STOP
    assert "the certificate of 127.0.0.1 is not accepted" in finding.message


async def test_an_address_that_cannot_be_reached_from_here_is_told(authority: Authority) -> None:
    public = PublicSettings(enabled=True, base_url="https://127.0.0.1:1")
    [finding] = await look_at_public(public, NOW, tls=authority.trusted)
    assert (finding.level, "from this machine" in finding.message) == (DoctorLevel.WARN, True)

"""Whether the public address answers as recipients see it: its name, its certificate, and the proxy behind it."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import anyio
from anyio.streams.tls import TLSAttribute, TLSStream

from camd.ports.settings import PublicSettings
from camd.schema.doctor import DoctorFinding, fault, fine, worry

SECONDS = 10.0
EXPIRES_SOON = timedelta(days=14)
CHECK = "public"
_HEAD_BYTES = 4096


async def look_at_public(
    public: PublicSettings, now: datetime, *, tls: ssl.SSLContext | None = None
) -> list[DoctorFinding]:
    """Without `tls` the machine's own certificate authorities are trusted."""
    if not public.enabled:
        return [fine(CHECK, "no public listener; recipients opt out by answering")]
    url = urlsplit(public.base_url or "")
    if url.scheme != "https" or not url.hostname:
        mend = "set base_url under [public] to the https address that your proxy serves"
        return [worry(CHECK, "the opt-out page has no https address, so mails carry no one-click opt-out", mend)]
    try:
        with anyio.fail_after(SECONDS):
            status, expires_at = await _asked(url.hostname, url.port or 443, url.path, tls)
    except ssl.SSLError as error:
        mend = "give the proxy a certificate for this name that a public authority signed"
        return [fault(CHECK, f"the certificate of {url.hostname} is not accepted: {_reason(error)}", mend)]
    except (OSError, TimeoutError, anyio.EndOfStream, anyio.BrokenResourceError) as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
        mend = "look from another network too: some routers lead no machine to its own public address"
        return [worry(CHECK, f"{public.base_url} cannot be reached from this machine ({why})", mend)]
    return list(_judged(public, status, expires_at, now))


def _judged(public: PublicSettings, status: int | None, expires_at: datetime, now: datetime) -> Iterator[DoctorFinding]:
    if status != 200:
        mend = f"have the proxy pass /u/, /hooks/ and /livez on to {public.host}:{public.port}"
        yield fault(CHECK, f"{public.base_url}/livez answers {status or 'nothing that is HTTP'}", mend)
    if expires_at - now < EXPIRES_SOON:
        mend = "renew it; a proxy that renews by itself has failed to"
        yield worry(CHECK, f"the certificate of {public.base_url} expires on {expires_at:%Y-%m-%d}", mend)
    elif status == 200:
        yield fine(CHECK, f"{public.base_url} answers; its certificate is good until {expires_at:%Y-%m-%d}")


async def _asked(host: str, port: int, path: str, tls: ssl.SSLContext | None) -> tuple[int | None, datetime]:
    context = tls or ssl.create_default_context()
    stream = await anyio.connect_tcp(host, port, ssl_context=context, tls_standard_compatible=False)
    async with stream:
        return await _status(stream, host, path), _expiry(stream)


async def _status(stream: TLSStream, host: str, path: str) -> int | None:
    await stream.send(f"GET {path}/livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head = b""
    while b"\r\n" not in head and len(head) < _HEAD_BYTES:
        head += await stream.receive()
    words = head.split(None, 2)
    is_http = len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit()
    return int(words[1]) if is_http else None


def _expiry(stream: TLSStream) -> datetime:
    certificate = stream.extra(TLSAttribute.peer_certificate)  # noqa: S610 - anyio's name
    assert isinstance(certificate, dict), "it was verified"
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


def _reason(error: ssl.SSLError) -> str:
    return error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason or "it fails"

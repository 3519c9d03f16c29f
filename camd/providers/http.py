"""The way out to vendors over HTTP: one request, one answer within its limits. What it means is the vendor's module.

No retries, redirects, proxies or cookies. A request that certainly never left is `NotSent`, one whose answer was lost
`AnswerLost`; no error and no log holds a key, a query or a body.
"""

import contextlib
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit

import anyio
import httpx
from pydantic import AfterValidator, SecretStr

from camd.domain.errors import CamdError
from camd.domain.retry import clamp_retry_after
from camd.ports.settings import is_loopback

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 60.0
MOST_BYTES = 5_000_000


# It writes whole addresses at INFO, into any log that a library's user has set up.
logging.getLogger("httpx").setLevel(logging.WARNING)


class NotSent(CamdError):
    """The request certainly did not leave this machine; asking again repeats nothing."""


class AnswerLost(CamdError):
    """The request left and no whole answer came back: nobody knows what it did."""


class Unreadable(CamdError):
    """The answer is not the JSON that was asked for."""


def _fits_a_header(secret: SecretStr) -> SecretStr:
    # What does not fit would be quoted by the errors of the libraries below.
    if not all("!" <= character <= "~" for character in secret.get_secret_value()) or not secret.get_secret_value():
        raise ValueError("must be one word of printable ASCII characters")
    return secret


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or "@" in url:
        raise ValueError("must be an address such as https://api.example.com, without a query")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must begin with https: the key would travel in the clear")
    try:
        return str(httpx.URL(url)).rstrip("/")
    except httpx.InvalidURL as error:
        raise ValueError("must be an address such as https://api.example.com") from error


HeaderSecret = Annotated[SecretStr, AfterValidator(_fits_a_header)]
"""A key or token that travels in a header."""
BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""Where a vendor's API begins, without a slash at its end; in the clear on this machine only."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whatever the status; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body, if it calls itself JSON and is. Raises `Unreadable`, which repeats nothing of it."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            said = kind if kind in {"text/html", "text/plain"} else "something else"
            raise Unreadable(f"{self.status} with {said} instead of JSON")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise Unreadable(f"{self.status} with a compressed body that was not asked for")
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(self.body, parse_constant=_no_number)
        # Not within the handler: the parser's error holds the whole text and would hang on ours.
        raise Unreadable(f"{self.status} with JSON that is empty, cut off or broken")

    def retry_after(self, now: datetime) -> timedelta | None:
        """The vendor's own wait within [1 s, 24 h]; None where it gives none."""
        return clamp_retry_after(self.headers.get("retry-after"), now)


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@dataclass(frozen=True, slots=True)
class Http:
    """Each request has a connection of its own: one that idled may be dead already, and then nobody could tell
    whether a request that is paid for had arrived."""

    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS
    most_bytes: int = MOST_BYTES

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        """`url` goes out as it is written, its query encoded by the caller. Raises `NotSent` or `AnswerLost`."""
        left = False

        async def trace(step: str, _: Mapping[str, object]) -> None:
            nonlocal left
            left = left or step.endswith("send_request_headers.started")

        try:
            with anyio.fail_after(self.total_seconds):
                return await self._answer(method, url, headers, content, {"trace": trace})
        except (httpx.HTTPError, TimeoutError, _TooLong) as error:
            why = f"{_host(url)}: {_WORDS.get(type(error), type(error).__name__)}"
        # Outside the handler, so that nothing of the library's error, which knows the headers, hangs on ours.
        raise AnswerLost(why) if left else NotSent(why)

    async def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        extensions: dict[str, Any],  # httpx's own type
    ) -> Answer:
        sent = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "camd", **headers}
        time_out = httpx.Timeout(None, connect=self.connect_seconds)
        async with (
            httpx.AsyncClient(verify=_tls(), trust_env=False, follow_redirects=False, timeout=time_out) as client,
            client.stream(method, url, headers=sent, content=content, extensions=extensions) as response,
        ):
            body = bytearray()
            # Raw: a small compressed body can become a huge one.
            async for part in response.aiter_raw():
                body += part
                if len(body) > self.most_bytes:
                    raise _TooLong
            return Answer(response.status_code, dict(response.headers), bytes(body))


class _TooLong(Exception):
    """The body has more bytes than are read."""


_WORDS: Mapping[type[Exception], str] = {
    TimeoutError: "no whole answer in time",
    _TooLong: "the answer is too long",
    httpx.ConnectTimeout: "cannot be reached in time",
    httpx.ConnectError: "cannot be reached",
    httpx.RemoteProtocolError: "ended the connection before the answer was whole",
}


def _host(url: str) -> str:
    return urlsplit(url).hostname or "nowhere"


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

"""Where camd is asked: the order of the places, and the connection to one of them."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from camd.client.errors import Unreachable

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_SECONDS = 5.0
PROBE = httpx.Timeout(2.0)
PROBE_PATH = "/livez"
_SERVER = "camd"
_UNIX = "unix:"


@dataclass(frozen=True, slots=True)
class Place:
    """`url` alone where it is given, else the first of `candidates` at which camd answers."""

    url: str | None
    token: str | None
    candidates: tuple[str, ...]

    @classmethod
    def chosen(
        cls, url: str | None, token: str | None, socket_path: Path | None, environ: Mapping[str, str]
    ) -> "Place":
        """`url`, else `$CAMD_URL` with `$CAMD_TOKEN`, else the socket, else the default address."""
        if url is not None:
            return cls(url, token, ())
        token = token or environ.get("CAMD_TOKEN")
        if named := environ.get("CAMD_URL"):
            return cls(named, token, ())
        sockets = (f"{_UNIX}{socket_path}",) if socket_path else ()
        return cls(None, token, (*sockets, DEFAULT_URL))

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def nobody(self) -> Unreachable:
        return Unreachable(f"no camd answers at {' or '.join(self.candidates)}; start it with `camd run`")


def open_async(url: str, headers: Mapping[str, str]) -> httpx.AsyncClient:
    with reaching(url):
        transport = httpx.AsyncHTTPTransport(uds=_socket_of(url), trust_env=False, verify=_needs_tls(url))
        # With `trust_env` a proxy of the environment would be asked for an address of this machine.
        return httpx.AsyncClient(base_url=_base(url), transport=transport, headers=headers, trust_env=False)


def open_sync(url: str, headers: Mapping[str, str]) -> httpx.Client:
    path = _socket_of(url)
    if path is not None:
        _try(path, url)
    with reaching(url):
        transport = httpx.HTTPTransport(uds=path, trust_env=False, verify=_needs_tls(url))
        return httpx.Client(base_url=_base(url), transport=transport, headers=headers, trust_env=False)


def _needs_tls(url: str) -> bool:
    """Loading the certificates takes a tenth of a second, which a command on a socket need not spend."""
    return url.startswith("https:")


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """httpx's failures in the block as `Unreachable`."""
    try:
        yield
    except (httpx.RequestError, httpx.InvalidURL) as error:
        raise _nobody(url, error) from error


def is_camd(response: httpx.Response) -> bool:
    """Whether the program that answered the probe is camd."""
    return bool(response.headers.get("Server") == _SERVER)


async def answers(url: str) -> bool:
    """Whether camd answers there. Never raises."""
    try:
        async with open_async(url, {}) as http:
            with reaching(url):
                return is_camd(await http.get(PROBE_PATH, timeout=PROBE))
    except Unreachable:
        return False


def answers_now(url: str) -> bool:
    """`answers` without an event loop."""
    try:
        with open_sync(url, {}) as http, reaching(url):
            return is_camd(http.get(PROBE_PATH, timeout=PROBE))
    except Unreachable:
        return False


def _socket_of(url: str) -> str | None:
    """The path in `unix:/path`."""
    return url.removeprefix(_UNIX) if url.startswith(_UNIX) else None


def _try(path: str, url: str) -> None:
    """httpx's plain transport never closes the socket of a connection that failed (a ResourceWarning)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(path)
        except OSError as error:
            raise _nobody(url, error) from error


def _nobody(url: str, error: Exception) -> Unreachable:
    return Unreachable(f"no camd answers at {url}: {str(error) or type(error).__name__}")


def _base(url: str) -> str:
    # The API answers to a loopback name, and a socket has no other.
    return "http://localhost" if url.startswith(_UNIX) else url

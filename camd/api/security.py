"""Who may use the control listener while no token exists: this machine alone, and no proxy or foreign page on it.

The Unix socket needs nothing: who may open it may operate. Over TCP a request must come from loopback, by HTTP/1.1,
for a loopback name; a proxy's headers and a foreign Origin are refused, so that neither a bare `proxy_pass` nor DNS
rebinding publishes the API.
"""

import pwd
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from camd.api.problems import problem
from camd.domain.events import by_user

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = frozenset({"/livez", "/startupz", "/readyz", "/healthz", "/metrics"})
"""Asked by monitors, which have no token; they say more to this machine than to others."""

_LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PROXY_HEADERS = frozenset({"forwarded", "x-real-ip", "via"})
_PROXY_PREFIX = "x-forwarded-"
_UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED
_ON_LOOPBACK = "local"


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path in OPEN_PATHS or is_local(request):
        return await handler(request)
    denied = problem(
        401,
        "token-needed",
        "A token is needed",
        "Without a token the API answers on this machine only, directly and under a loopback name. "
        "Make one with `camd tokens create` and send it as `Authorization: Bearer`.",
    )
    denied.headers["WWW-Authenticate"] = "Bearer"
    return denied


def is_local(request: web.Request) -> bool:
    """Whether somebody on this machine asks, and no program on it passes the question on for others."""
    return _over_socket(request) is not None or (
        _is_loopback_peer(request)
        and request.version == HttpVersion11
        # A target in absolute form (RFC 9112, 3.2.2) names a host of its own.
        and request.raw_path.startswith("/")
        and _is_for_loopback(request.headers.getall("Host", []))
        and all(_is_loopback_origin(origin) for origin in request.headers.getall("Origin", []))
        and not any(_is_of_proxy(name) for name in request.headers)
    )


def actor_of(request: web.Request) -> str:
    """The name under which the ledger records what the caller does."""
    peer = _over_socket(request)
    return by_user(_user_of(peer) if peer else _ON_LOOPBACK)


def _over_socket(request: web.Request) -> socket.socket | None:
    """The connection where it is one of the Unix socket; a caller who is gone has none."""
    peer: socket.socket | None = request.transport.get_extra_info("socket") if request.transport else None
    return peer if peer is not None and peer.family is socket.AF_UNIX else None


def _user_of(peer: socket.socket) -> str:
    _, uid, _ = _UCRED.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _is_loopback_peer(request: web.Request) -> bool:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    if not peer:
        return False
    address = ip_address(peer[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.is_loopback


def _is_for_loopback(hosts: list[str]) -> bool:
    return len(hosts) == 1 and _LOOPBACK_HOST.fullmatch(hosts[0]) is not None


def _is_loopback_origin(origin: str) -> bool:
    try:
        return urlsplit(origin).hostname in _LOOPBACK_NAMES
    except ValueError:
        return False


def _is_of_proxy(header: str) -> bool:
    name = header.lower()
    return name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIX)

"""Who sends a request: somebody on this machine, the holder of a token, or a stranger.

A token that is sent says it all, wherever it is sent. Without one the Unix socket needs nothing: who may open it may
operate. Over TCP, while no token exists, this machine alone is answered, directly: by HTTP/1.1, for a loopback name,
without a proxy's headers and without a foreign Origin, so that neither a bare `proxy_pass` nor DNS rebinding publishes
the API.
"""

import pwd
import re
import socket
import struct
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from camd.domain.access import Scope, TokenId
from camd.domain.events import by_token, by_user
from camd.operations.keyring import Keyring
from camd.ports.records import Token

_LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII)
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PROXY_HEADERS = frozenset({"forwarded", "x-real-ip", "via"})
_PROXY_PREFIX = "x-forwarded-"
_UCRED = struct.Struct("3i")  # pid, uid, gid: unix(7), SO_PEERCRED
_ON_LOOPBACK = "local"
_SCHEME = "bearer"
_TOKEN = re.compile(r" +([A-Za-z0-9._~+/-]+=*) *")  # RFC 6750, 2.1


@dataclass(frozen=True, slots=True)
class Caller:
    """`actor` is the name under which the ledger records what the caller does."""

    actor: str
    scope: Scope
    token_id: TokenId | None = None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whoever may do nothing, why, and what would help. `is_wrong`: a token was sent, and it opens nothing."""

    slug: str
    title: str
    detail: str
    is_wrong: bool = True


_MAKE_ANOTHER = "Make another with `camd tokens create`."
NO_TOKEN_EXISTS = Stranger(
    "token-needed",
    "A token is needed",
    "Without a token the API answers on this machine only, directly and under a loopback name. "
    "Make one with `camd tokens create` and send it as `Authorization: Bearer`.",
    is_wrong=False,
)
NO_TOKEN_SENT = Stranger(
    "token-needed",
    "A token is needed",
    "Send one as `Authorization: Bearer`; `camd tokens create` makes it. "
    "Since a token exists, only the Unix socket needs none.",
    is_wrong=False,
)
UNKNOWN = Stranger("token-unknown", "The token is not known", f"No such token exists here. {_MAKE_ANOTHER}")
REVOKED = Stranger("token-revoked", "The token was revoked", _MAKE_ANOTHER)
EXPIRED = Stranger("token-expired", "The token has expired", _MAKE_ANOTHER)


def identify(request: web.Request, keyring: Keyring, now: datetime, *, require_token: bool) -> Caller | Stranger:
    """A token that is sent counts on loopback and over the socket too, where none would do: a program that asks for
    several people names each of them by theirs."""
    if (sent := _sent_token(request)) is not None:
        return _holder(keyring.find(sent), now)
    if peer := over_socket(request):
        return Caller(by_user(_user_of(peer)), Scope.ADMIN)
    if require_token and not keyring.is_empty:
        return NO_TOKEN_SENT
    return Caller(by_user(_ON_LOOPBACK), Scope.ADMIN) if is_local(request) else NO_TOKEN_EXISTS


def _holder(token: Token | None, now: datetime) -> Caller | Stranger:
    if token is None:
        return UNKNOWN
    if token.revoked_at is not None:
        return REVOKED
    if token.expires is not None and token.expires <= now:
        return EXPIRED
    return Caller(by_token(token.name), token.scope, token.id)


def _sent_token(request: web.Request) -> str | None:
    """None where no token is sent, and an empty text for what cannot be one."""
    given = request.headers.getall("Authorization", [])
    if not any(each.lower().startswith(_SCHEME) for each in given):
        return None
    found = _TOKEN.fullmatch(given[0][len(_SCHEME) :]) if len(given) == 1 else None
    return found[1] if found else ""


def is_local(request: web.Request) -> bool:
    """Whether somebody on this machine asks, and no program on it passes the question on for others."""
    return over_socket(request) is not None or (
        _is_loopback_peer(request)
        and request.version == HttpVersion11
        # A target in absolute form (RFC 9112, 3.2.2) names a host of its own.
        and request.raw_path.startswith("/")
        and _is_for_loopback(request.headers.getall("Host", []))
        and all(_is_loopback_origin(origin) for origin in request.headers.getall("Origin", []))
        and not any(_is_of_proxy(name) for name in request.headers)
    )


def over_socket(request: web.Request) -> socket.socket | None:
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

"""Whom camd may speak to: hosts of the public Internet over TLS, and its own network only where that is allowed.

A host is resolved once, every address that it has is judged, and the caller connects to the address that was judged: a
name that means something else a moment later (DNS rebinding) is not asked a second time.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from camd.ports.webhooks import NotDelivered, TargetRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives a host's addresses for a port, as texts; raises `OSError` where it has none."""

_METADATA = frozenset(
    map(
        ipaddress.ip_address,
        # Amazon, Google, Azure and others; Amazon over IPv6; Alibaba; Oracle; Azure's own host.
        ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    )
)
"""Where clouds give their machines keys: no receiver of anything, also in a network that is allowed."""
_CARRIER_NAT = ipaddress.ip_network("100.64.0.0/10")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_UNROUTED = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "3fff::/20")))
"""Former relays and examples, which not every version of Python knows to be none of the Internet."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was judged, and how it is asked: `path` with the query, `host` as the name to be verified."""

    scheme: str
    host: str
    address: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """With the address in the name's place."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{address}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


async def find_target(url: str, resolve: Resolve, *, allow_private: bool) -> Target:
    """Raises `TargetRefused`, and `NotDelivered` where the host has no address; neither repeats the address itself,
    which is a secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        host, port = None, None
    if not host or port is None or "@" in parts.netloc:
        raise TargetRefused("the address is none that begins with https:// and names a host")
    if parts.scheme != "https" and not allow_private:
        raise TargetRefused("the address must begin with https://, or the endpoint must have allow_private = true")
    addresses = await _addresses(host, port, resolve)
    for address in addresses:
        if why := forbidden(address, allow_private=allow_private):
            raise TargetRefused(f"the host has {why}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, str(addresses[0]), port, path)


async def _addresses(host: str, port: int, resolve: Resolve) -> Sequence[Address]:
    try:
        found = [ipaddress.ip_address(text) for text in await resolve(host, port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise NotDelivered("the host has no address") from error
    if not found:
        raise NotDelivered("the host has no address")
    return found


def forbidden(address: Address, *, allow_private: bool) -> str | None:
    """What kind of address it is, if it is one that camd does not speak to. An address within an address (IPv4 mapped
    into IPv6, 6to4, Teredo, NAT64) counts as both."""
    within = _within(address)
    kinds = [_kind(each, allow_private=allow_private) for each in (address, *within)]
    return next((kind for kind in kinds if kind), None)


def _kind(address: Address, *, allow_private: bool) -> str | None:
    if address in _METADATA:
        return "the address of a cloud's metadata service"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified or address == ipaddress.ip_address("255.255.255.255"):
        return "an address of no host"
    if allow_private or _is_public(address):
        return None
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.version == 4 and address in _CARRIER_NAT:
        return "an address of a carrier's network (CGNAT)"
    # An IPv4 address inside is judged by itself.
    return None if _within(address) else "an address of a private or reserved network"


def _is_public(address: Address) -> bool:
    if any(address.version == network.version and address in network for network in _UNROUTED):
        return False
    return address.is_global and (address.version == 4 or address in _GLOBAL_UNICAST)


def _within(address: Address) -> Sequence[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _TRANSLATED or (address in _COMPATIBLE and int(address) > 1):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()

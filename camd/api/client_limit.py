"""A limit for each caller of a listener, in bounded memory: who asks is forgotten before memory grows."""

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from camd.domain.token_bucket import NotBefore, RateBucket
from camd.ports.clock import Clock

BUCKET = RateBucket(count=20, period=timedelta(seconds=1), burst=200)
"""Of the public listener: far above what mail providers need, who opt many people out from few addresses; it stops
floods."""
CLIENTS = 10_000
_HOST_BITS = 64
_START = datetime(2000, 1, 1, tzinfo=UTC)


class ClientLimit:
    def __init__(self, clock: Clock, bucket: RateBucket = BUCKET, clients: int = CLIENTS) -> None:
        self._clock = clock
        self._bucket = bucket
        self._clients = clients
        self._taken: OrderedDict[str, datetime] = OrderedDict()

    def wait_of(self, client: str) -> timedelta | None:
        """None where the client may go on, else how long it has to wait."""
        # Paced by the clock that nobody sets.
        now = _START + timedelta(seconds=self._clock.monotonic())
        taken = self._bucket.take(self._taken.get(client), now)
        if isinstance(taken, NotBefore):
            return taken.at - now
        self._taken[client] = taken.tat
        self._taken.move_to_end(client)
        if len(self._taken) > self._clients:
            self._taken.popitem(last=False)
        return None


LIMIT = web.AppKey("LIMIT", ClientLimit)


def client_of(request: web.Request) -> str:
    """Whom to count a request for."""
    return client_named(request.remote or "", ",".join(request.headers.getall("X-Forwarded-For", [])))


def client_named(peer: str, forwarded_for: str) -> str:
    """The proxy's caller where a proxy of ours passes it on, else the peer.

    An IPv6 network of 64 bits is one client: each of its hosts has that many addresses.
    """
    address = _address(peer)
    if address is not None and (address.is_loopback or address.is_private):
        # Only what the nearest proxy has added is true; the rest anybody can write.
        address = _address(forwarded_for.rpartition(",")[2].strip()) or address
    if isinstance(address, IPv6Address):
        return f"{int(address) >> _HOST_BITS:016x}::"
    return str(address) if address else ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

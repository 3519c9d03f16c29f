"""The free verifier: whether a domain takes mail at all, and what kind of mailbox the address is.

DNS proves that an address cannot work, never that it works: the best verdict is `unknown`. A time-out is
`unknown` too and raises nothing.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, assert_never

import anyio

from camd.domain.contact import EmailAddress, is_disposable, is_free_mail, is_role
from camd.domain.facts import Verdict
from camd.ports.clock import Clock
from camd.ports.providers import RateLimit, Verification

_MAX_CACHED = 10_000
_MIN_TTL_SECONDS = 60
_MAX_TTL_SECONDS = 86_400
_NEGATIVE_TTL_SECONDS = 3_600
_TIME_OUT_TTL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Hosts:
    """Mail exchangers, best first; `implicit` is the domain's own address where it has no MX (RFC 5321, 5.1)."""

    hosts: tuple[str, ...]
    ttl_seconds: int
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class NullMx:
    """The domain says that it takes no mail (RFC 7505)."""

    ttl_seconds: int


@dataclass(frozen=True, slots=True)
class NoDomain:
    """NXDOMAIN: the name does not exist."""


@dataclass(frozen=True, slots=True)
class NoMail:
    """The name exists and has neither MX nor address records."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nothing is known; `why` is what went wrong, such as `time-out` or `SERVFAIL`."""

    why: str = "time-out"


MxAnswer = Hosts | NullMx | NoDomain | NoMail | TimedOut


class Resolver(Protocol):
    """Answers within a bounded time, and with `TimedOut` instead of an exception. `domain` is an A-label."""

    async def mx(self, domain: str) -> MxAnswer: ...


class DnsVerifier:
    """Judges by the domain's MX records, then by the kind of mailbox; answers are cached by domain."""

    name = "dns"
    rate_limit = RateLimit(count=250, period=timedelta(seconds=1), burst=500)

    def __init__(self, resolver: Resolver, clock: Clock) -> None:
        self._answers = _Cache(resolver, clock)

    async def verify(self, address: EmailAddress) -> Verification:
        if is_disposable(address.domain):
            return Verification(Verdict.INVALID, "disposable domain")
        match await self._answers.of(address.domain):
            case NullMx():
                return Verification(Verdict.INVALID, "mx: null MX, the domain takes no mail")
            case NoDomain():
                return Verification(Verdict.INVALID, "dns: no such domain")
            case NoMail():
                return Verification(Verdict.INVALID, "dns: neither MX nor address records")
            case Hosts(hosts, implicit=True):
                evidence = f"address record: {hosts[0]}"
            case Hosts(hosts):
                evidence = f"mx: {hosts[0]}"
            case TimedOut(why):
                evidence = f"dns: {why}"
            case unreachable:
                assert_never(unreachable)
        return Verification(_kind(address), evidence)


def _kind(address: EmailAddress) -> Verdict:
    if is_role(address.local):
        return Verdict.ROLE
    if is_free_mail(address.domain):
        return Verdict.FREEMAIL
    return Verdict.UNKNOWN


class _Cache:
    """Answers by domain, the least recently used forgotten; at most one query a domain is under way."""

    def __init__(self, resolver: Resolver, clock: Clock) -> None:
        self._resolver = resolver
        self._clock = clock
        self._known: OrderedDict[str, tuple[MxAnswer, float]] = OrderedDict()
        self._under_way: dict[str, anyio.Event] = {}

    async def of(self, domain: str) -> MxAnswer:
        while (answer := self._fresh(domain)) is None:
            if (query := self._under_way.get(domain)) is None:
                return await self._ask(domain)
            # Whoever asks may be cancelled before the answer; then the next one in line asks.
            await query.wait()
        return answer

    def _fresh(self, domain: str) -> MxAnswer | None:
        answer, expires = self._known.get(domain, (None, 0.0))
        if answer is None or self._clock.monotonic() >= expires:
            return None
        self._known.move_to_end(domain)
        return answer

    async def _ask(self, domain: str) -> MxAnswer:
        done = self._under_way[domain] = anyio.Event()
        try:
            answer = await self._resolver.mx(domain)
            self._known[domain] = answer, self._clock.monotonic() + _ttl_seconds(answer)
            self._known.move_to_end(domain)
            if len(self._known) > _MAX_CACHED:
                self._known.popitem(last=False)
        finally:
            del self._under_way[domain]
            done.set()
        return answer


def _ttl_seconds(answer: MxAnswer) -> int:
    match answer:
        case Hosts(ttl_seconds=seconds) | NullMx(seconds):
            return min(max(seconds, _MIN_TTL_SECONDS), _MAX_TTL_SECONDS)
        case NoDomain() | NoMail():
            return _NEGATIVE_TTL_SECONDS
        case TimedOut():
            return _TIME_OUT_TTL_SECONDS

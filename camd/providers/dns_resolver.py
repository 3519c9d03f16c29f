"""Where mail answers come from: the name servers of this machine, or a bundled list without any network."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio
import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX

from camd.providers.dns import Hosts, MxAnswer, NoDomain, NoMail, NullMx, TimedOut

_DEADLINE_SECONDS = 5.0
_TRIES = 2
_BUNDLED_TTL_SECONDS = 3_600


class DnsResolver:
    """Asks DNS for MX, and for A and AAAA where there is none: `deadline_seconds` for all together, 2 tries
    for each. `name_servers` are addresses; without them those of the system are asked."""

    def __init__(
        self,
        name_servers: Sequence[str] = (),
        *,
        port: int = 53,
        deadline_seconds: float = _DEADLINE_SECONDS,
    ) -> None:
        self._name_servers = tuple(name_servers)
        self._port = port
        self._deadline_seconds = deadline_seconds

    async def mx(self, domain: str) -> MxAnswer:
        try:
            with anyio.fail_after(self._deadline_seconds):
                return await self._look_up(dns.name.from_text(domain))
        except (TimeoutError, dns.exception.Timeout):
            return TimedOut()
        except dns.resolver.NXDOMAIN:
            return NoDomain()
        except dns.resolver.NoNameservers:
            return TimedOut("SERVFAIL")
        except (dns.exception.DNSException, OSError) as error:
            return TimedOut(type(error).__name__)

    async def _look_up(self, name: dns.name.Name) -> MxAnswer:
        resolver = self._resolver()
        answer = await resolver.resolve(name, dns.rdatatype.MX, raise_on_no_answer=False)
        if answer.rrset is not None:
            records = sorted((record.preference, record.exchange) for record in answer.rrset if isinstance(record, MX))
            hosts = tuple(exchange.to_text(omit_final_dot=True) for _, exchange in records if len(exchange) > 1)
            return Hosts(hosts, answer.rrset.ttl) if hosts else NullMx(answer.rrset.ttl)
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await resolver.resolve(name, kind, raise_on_no_answer=False)
            if answer.rrset is not None:
                return Hosts((name.to_text(omit_final_dot=True),), answer.rrset.ttl, implicit=True)
        return NoMail()

    def _resolver(self) -> dns.asyncresolver.Resolver:
        # Made anew, so that a change of /etc/resolv.conf is followed.
        resolver = dns.asyncresolver.Resolver(configure=not self._name_servers)
        if self._name_servers:
            resolver.nameservers = list(self._name_servers)
            resolver.port = self._port
        resolver.lifetime = self._deadline_seconds
        resolver.timeout = self._deadline_seconds / _TRIES
        return resolver


class BundledResolver:
    """Answers from a fixed zone, at once; a domain that is not in it does not exist."""

    def __init__(self, zone: Mapping[str, MxAnswer]) -> None:
        self._zone = zone

    async def mx(self, domain: str) -> MxAnswer:
        return self._zone.get(domain, NoDomain())


def load_zone(path: Path) -> Mapping[str, MxAnswer]:
    """A zone from TOML: `hosts` (domain = [exchanger, ...]) and the lists `null_mx`, `implicit`, `no_mail` and
    `time_out`. Each domain's answer may be kept for an hour."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    zone: dict[str, MxAnswer] = {
        domain: Hosts(tuple(hosts), _BUNDLED_TTL_SECONDS) for domain, hosts in raw.get("hosts", {}).items()
    }
    zone |= {domain: Hosts((domain,), _BUNDLED_TTL_SECONDS, implicit=True) for domain in raw.get("implicit", ())}
    zone |= dict.fromkeys(raw.get("null_mx", ()), NullMx(_BUNDLED_TTL_SECONDS))
    zone |= dict.fromkeys(raw.get("no_mail", ()), NoMail())
    zone |= dict.fromkeys(raw.get("time_out", ()), TimedOut())
    return zone

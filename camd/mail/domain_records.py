"""SPF, DKIM and DMARC of a mailbox's domain, as DNS has them now."""

from collections.abc import Mapping, Sequence

import anyio
import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from camd.domain.contact import registrable_domain
from camd.ports.domain_records import SenderRecords

SECONDS = 5.0
"""For each name."""

_SELECTORS: Mapping[str, Sequence[str]] = {
    "smtp.office365.com": ("selector1", "selector2"),
    "smtp.gmail.com": ("google",),
}
"""Under which name a provider publishes its DKIM key; DNS has no list of them."""
_FIXED = frozenset({"smtp.office365.com"})
"""Providers whose customers cannot choose another name, so that its absence proves something."""


class DnsDomainRecords:
    """Implements `ports.domain_records.DomainRecords`. `name_servers` are addresses; without them those of the
    system are asked."""

    def __init__(self, name_servers: Sequence[str] = (), *, port: int = 53, seconds: float = SECONDS) -> None:
        self._name_servers = tuple(name_servers)
        self._port = port
        self._seconds = seconds

    async def look_up(self, domain: str, smtp_host: str) -> SenderRecords:
        return SenderRecords(
            spf=await self._spf(domain), dkim=await self._dkim(domain, smtp_host), dmarc=await self._dmarc(domain)
        )

    async def _spf(self, domain: str) -> bool | None:
        texts = await self._texts(domain)
        # RFC 7208, 4.5: with more than one record none counts.
        return None if texts is None else sum(_begins(text, "v=spf1") for text in texts) == 1

    async def _dkim(self, domain: str, smtp_host: str) -> bool | None:
        answers = [await self._texts(f"{name}._domainkey.{domain}") for name in _SELECTORS.get(smtp_host, ())]
        if any(answers):
            return True
        return False if smtp_host in _FIXED and None not in answers else None

    async def _dmarc(self, domain: str) -> bool | None:
        """The domain's own record, else that of the domain its owner registered (RFC 7489, 6.6.3)."""
        names = dict.fromkeys((domain, registrable_domain(domain) or domain))
        answers = [await self._texts(f"_dmarc.{name}") for name in names]
        if any(_begins(text, "v=dmarc1") for texts in answers for text in texts or ()):
            return True
        return None if None in answers else False

    async def _texts(self, name: str) -> Sequence[str] | None:
        """The TXT records of a name; None where nobody could say."""
        try:
            with anyio.fail_after(self._seconds):
                answer = await self._resolver().resolve(name, dns.rdatatype.TXT, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return ()
        except (TimeoutError, OSError, dns.exception.DNSException, UnicodeError):
            return None
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer.rrset or ()]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        # Made anew, so that a change of /etc/resolv.conf is followed.
        resolver = dns.asyncresolver.Resolver(configure=not self._name_servers)
        if self._name_servers:
            resolver.nameservers = list(self._name_servers)
            resolver.port = self._port
        resolver.lifetime = self._seconds
        return resolver


def _begins(text: str, tag: str) -> bool:
    first = text.strip().partition(" ")[0].partition(";")[0]
    return first.lower() == tag

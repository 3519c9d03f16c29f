"""SPF, DKIM and DMARC from a name server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from camd.mail.domain_records import DnsDomainRecords
from camd.ports.domain_records import SenderRecords

SPF, DMARC, KEY = '"v=spf1 -all"', '"v=DMARC1; p=none"', '"v=DKIM1; p=abc"'
GOOGLE, MICROSOFT, OTHER = "smtp.gmail.com", "smtp.office365.com", "mail.example"
SILENT = "silent"
Zone = Mapping[str, Sequence[str] | str]


class NameServer(asyncio.DatagramProtocol):
    """Answers TXT from a zone; `SILENT` never; what is not in it does not exist."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own does not inherit from it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name
        found = self._zone.get(name.to_text(omit_final_dot=True))
        if found == SILENT:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if found is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif found:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *found))
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def asking(zone: Zone, seconds: float) -> AsyncIterator[DnsDomainRecords]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(zone), local_addr=("127.0.0.1", 0))
    try:
        yield DnsDomainRecords(["127.0.0.1"], port=transport.get_extra_info("sockname")[1], seconds=seconds)
    finally:
        transport.close()


async def look_up(zone: Zone, host: str = OTHER, domain: str = "us.example", *, seconds: float = 30.0) -> SenderRecords:
    async with asking(zone, seconds) as records:
        return await records.look_up(domain, host)


async def test_what_is_published_is_found() -> None:
    zone = {"us.example": ['"other"', SPF], "_dmarc.us.example": [DMARC], "google._domainkey.us.example": [KEY]}
    assert await look_up(zone, GOOGLE) == SenderRecords(spf=True, dkim=True, dmarc=True)


async def test_what_is_not_published_is_missing() -> None:
    assert await look_up({"us.example": []}, MICROSOFT) == SenderRecords(spf=False, dkim=False, dmarc=False)


@pytest.mark.parametrize("host", [GOOGLE, OTHER])
async def test_a_key_under_a_name_that_cannot_be_known_is_not_called_missing(host: str) -> None:
    assert (await look_up({}, host)).dkim is None


async def test_two_spf_records_are_none() -> None:
    assert (await look_up({"us.example": [SPF, '"V=SPF1 ~all"']})).spf is False


async def test_a_long_record_in_pieces_is_one() -> None:
    assert (await look_up({"us.example": ['"v=sp" "f1 -all"']})).spf is True


async def test_a_domain_below_follows_the_dmarc_record_above() -> None:
    assert (await look_up({"_dmarc.us.example": [DMARC]}, domain="mail.us.example")).dmarc is True


async def test_silence_proves_nothing() -> None:
    zone = dict.fromkeys(("us.example", "_dmarc.us.example", "selector1._domainkey.us.example"), SILENT)
    assert await look_up(zone, MICROSOFT, seconds=0.5) == SenderRecords()


@pytest.mark.parametrize("domain", ["", "a..b", "x" * 70 + ".example", "\0"])
async def test_a_domain_that_is_none_raises_nothing(domain: str) -> None:
    await look_up({}, MICROSOFT, domain)

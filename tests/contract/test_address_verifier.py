"""One suite for the free verifier over both resolvers: the bundled list, and DNS itself.

The DNS side talks over loopback to a name server that is part of this file.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from camd.domain.contact import parse_address
from camd.domain.facts import Verdict
from camd.ports.providers import AddressVerifier
from camd.providers.dns import DnsVerifier, Hosts, NoDomain, NoMail, NullMx, TimedOut
from camd.providers.dns_resolver import BundledResolver, DnsResolver, load_zone

ZONE_FILE = """
null_mx = ["null.example"]
implicit = ["plain.example"]
no_mail = ["empty.example"]
time_out = ["silent.example"]

[hosts]
"mail.example" = ["mx1.mail.example", "mx2.mail.example"]
"xn--zhne-loa.example" = ["mx1.mail.example"]
"""
TTL_SECONDS = 3600
RECORDS = {
    ("mail.example.", "MX"): ("20 mx2.mail.example.", "10 mx1.mail.example."),
    ("xn--zhne-loa.example.", "MX"): ("10 mx1.mail.example.",),
    ("null.example.", "MX"): ("0 .",),
    ("plain.example.", "AAAA"): ("2001:db8::1",),
    ("empty.example.", "TXT"): ("nothing",),
}
BROKEN, SILENT = "broken.example.", "silent.example."


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


class NameServer(asyncio.DatagramProtocol):
    """Answers from `RECORDS`; one name gets SERVFAIL, one never an answer."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own class for UDP does not inherit from it in Python 3.11.
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        if name == SILENT:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name == BROKEN:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records := RECORDS.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, TTL_SECONDS, "IN", kind, *records))
        elif all(name != known for known, _ in RECORDS):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def resolving(deadline_seconds: float = 5.0) -> AsyncIterator[DnsResolver]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        yield DnsResolver(["127.0.0.1"], port=port, deadline_seconds=deadline_seconds)
    finally:
        transport.close()


@pytest.fixture(params=["bundled", "dns"])
async def verifier(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AddressVerifier]:
    if request.param == "bundled":
        path = tmp_path / "dns.toml"
        path.write_text(ZONE_FILE, encoding="utf-8")
        yield DnsVerifier(BundledResolver(load_zone(path)), Clock())
    else:
        async with resolving() as resolver:
            yield DnsVerifier(resolver, Clock())


@pytest.mark.parametrize(
    ("address", "verdict", "evidence"),
    [
        ("anna@mail.example", Verdict.UNKNOWN, "mx: mx1.mail.example"),
        ("anna@zähne.example", Verdict.UNKNOWN, "mx: mx1.mail.example"),
        ("info@mail.example", Verdict.ROLE, "mx: mx1.mail.example"),
        ("anna@plain.example", Verdict.UNKNOWN, "address record: plain.example"),
        ("anna@null.example", Verdict.INVALID, "mx: null MX, the domain takes no mail"),
        ("anna@empty.example", Verdict.INVALID, "dns: neither MX nor address records"),
        ("anna@nowhere.example", Verdict.INVALID, "dns: no such domain"),
        ("info@nowhere.example", Verdict.INVALID, "dns: no such domain"),
    ],
)
async def test_every_verifier_gives_the_same_verdict_for_the_same_records(
    verifier: AddressVerifier, address: str, verdict: Verdict, evidence: str
) -> None:
    judged = await verifier.verify(parse_address(address))
    assert (judged.verdict, judged.evidence) == (verdict, evidence)


async def test_a_name_server_that_never_answers_is_a_time_out_and_no_exception() -> None:
    async with resolving(deadline_seconds=0.05) as resolver:
        judged = await DnsVerifier(resolver, Clock()).verify(parse_address("anna@silent.example"))
    assert (judged.verdict, judged.evidence) == (Verdict.UNKNOWN, "dns: time-out")


async def test_a_bundled_time_out_is_answered_at_once() -> None:
    resolver = BundledResolver({"silent.example": TimedOut()})
    judged = await DnsVerifier(resolver, Clock()).verify(parse_address("anna@silent.example"))
    assert (judged.verdict, judged.evidence) == (Verdict.UNKNOWN, "dns: time-out")


async def test_a_name_server_in_trouble_is_unknown() -> None:
    async with resolving() as resolver:
        assert await resolver.mx("broken.example") == TimedOut("SERVFAIL")


async def test_the_best_exchanger_comes_first_with_the_time_the_answer_may_be_kept() -> None:
    async with resolving() as resolver:
        assert await resolver.mx("mail.example") == Hosts(("mx1.mail.example", "mx2.mail.example"), TTL_SECONDS)
        assert await resolver.mx("null.example") == NullMx(TTL_SECONDS)
        assert await resolver.mx("plain.example") == Hosts(("plain.example",), TTL_SECONDS, implicit=True)
        assert await resolver.mx("empty.example") == NoMail()
        assert await resolver.mx("nowhere.example") == NoDomain()


async def test_a_name_that_dns_cannot_carry_is_no_exception() -> None:
    async with resolving() as resolver:
        assert await resolver.mx(f"{'a' * 64}.example") == TimedOut("LabelTooLong")

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio
import pytest

from camd.domain.contact import parse_address
from camd.domain.facts import Verdict
from camd.ports.providers import Verification
from camd.providers.dns import DnsVerifier, Hosts, MxAnswer, NoDomain, NoMail, NullMx, TimedOut


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


class Zone:
    """Gives every domain the same answer, counts the questions, and keeps them waiting while it is `shut`."""

    def __init__(self, answer: MxAnswer) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.open = anyio.Event()
        self.open.set()

    def shut(self) -> None:
        self.open = anyio.Event()

    async def mx(self, domain: str) -> MxAnswer:
        self.asked.append(domain)
        await self.open.wait()
        return self.answer


async def verified(text: str, answer: MxAnswer) -> Verification:
    return await DnsVerifier(Zone(answer), Clock()).verify(parse_address(text))


HOSTS = Hosts(("mx1.mail.example", "mx2.mail.example"), 300)


@pytest.mark.parametrize(
    ("answer", "verdict", "evidence"),
    [
        (HOSTS, Verdict.UNKNOWN, "mx: mx1.mail.example"),
        (Hosts(("b.example",), 300, implicit=True), Verdict.UNKNOWN, "address record: b.example"),
        (TimedOut(), Verdict.UNKNOWN, "dns: time-out"),
        (TimedOut("SERVFAIL"), Verdict.UNKNOWN, "dns: SERVFAIL"),
        (NullMx(300), Verdict.INVALID, "mx: null MX, the domain takes no mail"),
        (NoDomain(), Verdict.INVALID, "dns: no such domain"),
        (NoMail(), Verdict.INVALID, "dns: neither MX nor address records"),
    ],
)
async def test_dns_proves_what_cannot_work_and_nothing_else(answer: MxAnswer, verdict: Verdict, evidence: str) -> None:
    assert await verified("anna@b.example", answer) == Verification(verdict, evidence)


@pytest.mark.parametrize("answer", [HOSTS, TimedOut()])
@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("info@b.example", Verdict.ROLE),
        ("info@gmail.com", Verdict.ROLE),
        ("anna@gmail.com", Verdict.FREEMAIL),
        ("anna@b.example", Verdict.UNKNOWN),
    ],
)
async def test_role_and_free_mail_outrank_unknown(address: str, verdict: Verdict, answer: MxAnswer) -> None:
    assert (await verified(address, answer)).verdict is verdict


@pytest.mark.parametrize("address", ["info@b.example", "anna@gmail.com"])
async def test_an_address_that_cannot_work_is_invalid_whatever_its_kind(address: str) -> None:
    assert (await verified(address, NullMx(300))).verdict is Verdict.INVALID


async def test_a_disposable_domain_is_invalid_without_a_question() -> None:
    zone = Zone(HOSTS)
    judged = await DnsVerifier(zone, Clock()).verify(parse_address("anna@mailinator.com"))
    assert judged == Verification(Verdict.INVALID, "disposable domain")
    assert zone.asked == []


async def test_an_international_domain_is_asked_for_as_its_a_label() -> None:
    zone = Zone(HOSTS)
    await DnsVerifier(zone, Clock()).verify(parse_address("anna@zähne.example"))
    assert zone.asked == ["xn--zhne-loa.example"]


@pytest.mark.parametrize(
    ("answer", "kept_seconds"),
    [
        (Hosts(("mx.example",), 300), 300),
        (Hosts(("mx.example",), 0), 60),
        (NullMx(10_000_000), 86_400),
        (NoDomain(), 3_600),
        (NoMail(), 3_600),
        (TimedOut(), 60),
    ],
)
async def test_an_answer_is_kept_for_its_time_and_no_longer(answer: MxAnswer, kept_seconds: int) -> None:
    clock, zone = Clock(), Zone(answer)
    verifier = DnsVerifier(zone, clock)
    for seconds, asked in ((0, 1), (kept_seconds - 1, 1), (kept_seconds, 2)):
        clock.seconds = seconds
        await verifier.verify(parse_address("anna@b.example"))
        assert len(zone.asked) == asked


async def test_the_cache_forgets_what_was_not_asked_for_longest() -> None:
    zone = Zone(HOSTS)
    verifier = DnsVerifier(zone, Clock())
    for number in range(10_000):
        await verifier.verify(parse_address(f"anna@d{number}.example"))
    for domain in ("d0.example", "one-more.example", "d0.example", "d1.example"):
        await verifier.verify(parse_address(f"bob@{domain}"))
    assert zone.asked[10_000:] == ["one-more.example", "d1.example"]


async def test_questions_for_one_domain_at_once_are_one_query() -> None:
    zone = Zone(HOSTS)
    zone.shut()
    verifier = DnsVerifier(zone, Clock())
    async with anyio.create_task_group() as group:
        for local in ("anna", "bob", "info"):
            group.start_soon(verifier.verify, parse_address(f"{local}@b.example"))
        await anyio.wait_all_tasks_blocked()
        zone.open.set()
    assert zone.asked == ["b.example"]


async def test_when_whoever_asked_is_cancelled_the_next_in_line_asks() -> None:
    zone = Zone(HOSTS)
    zone.shut()
    verifier = DnsVerifier(zone, Clock())
    judged: list[Verification] = []

    async def second() -> None:
        judged.append(await verifier.verify(parse_address("bob@b.example")))

    async with anyio.create_task_group() as group:
        async with anyio.create_task_group() as first:
            first.start_soon(verifier.verify, parse_address("anna@b.example"))
            await anyio.wait_all_tasks_blocked()
            group.start_soon(second)
            await anyio.wait_all_tasks_blocked()
            first.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        zone.open.set()
    assert zone.asked == ["b.example"] * 2
    assert [verification.verdict for verification in judged] == [Verdict.UNKNOWN]

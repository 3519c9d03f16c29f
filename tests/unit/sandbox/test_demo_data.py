from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import as_file, files

import pytest

from camd.domain.contact import parse_address
from camd.domain.facts import Verdict
from camd.ports.providers import Found, Rejected
from camd.providers.csv_rows import read_rows
from camd.providers.dns import DnsVerifier
from camd.providers.dns_resolver import BundledResolver, load_zone

SANDBOX = files("camd.sandbox")
RESERVED = (".example", ".example.com", ".example.net", ".example.org")


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@pytest.fixture(scope="module")
def rows() -> list[Found | Rejected]:
    with as_file(SANDBOX.joinpath("leads.csv")) as path, path.open("rb") as stream:
        return list(read_rows(stream))


@pytest.fixture(scope="module")
def people(rows: list[Found | Rejected]) -> list[Found]:
    return [row for row in rows if isinstance(row, Found)]


@pytest.fixture(scope="module")
def addresses(people: list[Found]) -> list[str]:
    return [row.facts.email for row in people if row.facts.email is not None]


def test_the_demo_has_people_enough_in_countries_enough(people: list[Found], addresses: list[str]) -> None:
    assert len({parse_address(address).key for address in addresses}) >= 240
    assert len({row.facts.country for row in people}) >= 8
    assert all(len(row.facts.country or "") == 2 for row in people)


def test_nobody_of_the_demo_has_a_domain_that_could_be_real(people: list[Found], addresses: list[str]) -> None:
    domains = {parse_address(address).domain for address in addresses}
    domains |= {row.facts.domain for row in people if row.facts.domain is not None}
    assert [domain for domain in domains if not domain.endswith(RESERVED)] == []


def test_the_demo_shows_rows_that_are_refused_and_people_who_asked_for_silence(
    rows: list[Found | Rejected], people: list[Found]
) -> None:
    reasons = Counter(row.reason.partition(":")[0] for row in rows if isinstance(row, Rejected))
    assert reasons == {"no_identity": 2, "bad_email": 2}
    assert sum(row.do_not_contact for row in people) == 3


def test_the_demo_shows_the_same_person_twice(addresses: list[str]) -> None:
    keys = Counter(parse_address(address).key for address in addresses)
    assert sum(count - 1 for count in keys.values()) == 6


async def test_the_demo_shows_every_verdict_that_the_free_check_gives(addresses: list[str]) -> None:
    with as_file(SANDBOX.joinpath("dns.toml")) as path:
        verifier = DnsVerifier(BundledResolver(load_zone(path)), Clock())
    judged = [await verifier.verify(parse_address(address)) for address in addresses]
    assert {verification.verdict for verification in judged} == {Verdict.UNKNOWN, Verdict.ROLE, Verdict.INVALID}
    assert {"dns: time-out", "dns: no such domain", "mx: null MX, the domain takes no mail"} <= {
        verification.evidence for verification in judged
    }

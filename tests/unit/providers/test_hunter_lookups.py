"""Hunter's lookups and its source without a network: rubbish for an answer, and the pace of the calls."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from camd.domain.errors import Failure, Uncertain
from camd.domain.facts import Facts
from camd.domain.token_bucket import NotBefore, RateBucket
from camd.domain.waterfall import LookupResult, Operation
from camd.ports.lookups import Finding, Later, Question, Reply
from camd.ports.providers import Page, RateLimit
from camd.providers.http import Answer, Http
from camd.providers.hunter import HunterSource
from camd.providers.hunter_api import HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from tests.simulators.hunter import FOUND, LIMITS, SEARCHED, VERIFIED

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
MARA = Facts(email="mara@nordwind.example", first_name="Mara", last_name="Linden", domain="nordwind.example")
SETTINGS = HunterSettings(api_key=SecretStr("key"))


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Canned(Http):
    """Gives always the same answer."""

    status: int = 200
    body: bytes = b""

    async def request(self, *_: object, **__: object) -> Answer:
        return Answer(self.status, {"content-type": "application/json"}, self.body)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800\r\n")
WORDS = SCALARS | st.sampled_from(["valid", "a@b.example", "http://[", "https://www.linkedin.com/in/%00", "1e999"])
RUBBISH = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "data", "uri"]), inner),
    max_leaves=5,
)
PLACES: Mapping[str, Sequence[str]] = {
    VERIFIED: tuple(json.loads(VERIFIED)["data"]),
    FOUND: tuple(json.loads(FOUND)["data"]),
    SEARCHED: tuple(json.loads(SEARCHED)["data"]["emails"][0]),
}


@st.composite
def spoilt_examples(draw: st.DrawFn, example: str) -> bytes:
    """The documentation's answer with rubbish in some of its places, or rubbish altogether."""
    if draw(st.integers(0, 5)) == 0:
        return json.dumps(draw(RUBBISH)).encode()
    told = json.loads(example)
    item = told["data"]["emails"][0] if example is SEARCHED else told["data"]
    item |= draw(st.dictionaries(st.sampled_from(PLACES[example]), RUBBISH, max_size=4))
    told["data"] |= draw(st.dictionaries(st.sampled_from(["accept_all", "organization", "domain"]), RUBBISH))
    told |= draw(st.dictionaries(st.sampled_from(["data", "meta", "errors"]), RUBBISH, max_size=1))
    return json.dumps(told).encode()


def is_storable(facts: Facts) -> bool:
    texts = [value for value in (getattr(facts, name) for name in Facts.__slots__) if isinstance(value, str)]
    return all(text.encode() and not set(text) & set("\r\n\0") and len(text) <= 600 for text in texts)


@settings(max_examples=150)
@given(
    st.sampled_from([(Operation.VERIFY, VERIFIED), (Operation.FIND, FOUND)]).flatmap(
        lambda chosen: st.tuples(st.just(chosen[0]), spoilt_examples(chosen[1]))
    ),
    st.sampled_from([200, 202, 222, 204, 400, 403, 429, 451, 500]),
)
def test_whatever_an_answer_holds_it_is_a_reply_or_a_failure(asked: tuple[Operation, bytes], status: int) -> None:
    operation, body = asked

    async def ask() -> None:
        lookups = HunterLookups(SETTINGS, StillClock(), Canned(status=status, body=body))
        with suppress(Failure):
            [reply] = await lookups.ask(operation, [Question("1", MARA)])
            assert isinstance(reply, Finding | Later)
            if isinstance(reply, Finding):
                assert is_storable(reply.facts)
                assert len(reply.raw or "") <= 4_000

    anyio.run(ask)


@settings(max_examples=150)
@given(spoilt_examples(SEARCHED), st.sampled_from([200, 200, 200, 400, 451]))
def test_whatever_a_page_holds_it_is_read_or_a_failure(body: bytes, status: int) -> None:
    async def fetch() -> None:
        source = HunterSource(SETTINGS, StillClock(), Canned(status=status, body=body))
        with suppress(Failure):
            page = await source.fetch({"domains": ["nordwind.example"]}, None, 1000)
            assert all(is_storable(found.facts) for found in page.found)
            assert len(page.found) + len(page.rejected) <= 10

    anyio.run(fetch)


def searched(emails: object) -> Canned:
    told = json.loads(SEARCHED)
    told["data"]["emails"] = emails
    return Canned(body=json.dumps(told).encode())


def test_more_addresses_than_were_asked_for_are_left_for_the_next_page() -> None:
    example = json.loads(SEARCHED)["data"]["emails"][0]
    rows = [example | {"value": f"p{number}@nordwind.example"} for number in range(12)]

    async def fetch() -> Page:
        source = HunterSource(SETTINGS, StillClock(), searched(rows))
        return await source.fetch({"domains": ["nordwind.example"]}, None, 3)

    page = anyio.run(fetch)
    assert [each.facts.email for each in page.found] == [row["value"] for row in rows[:3]]


@pytest.mark.parametrize("emails", [None, {}, "none"])
def test_a_page_without_a_list_is_not_an_empty_page(emails: object) -> None:
    async def fetch() -> None:
        source = HunterSource(SETTINGS, StillClock(), searched(emails))
        await source.fetch({"domains": ["nordwind.example"]}, None, 1000)

    with pytest.raises(Uncertain, match="without a list"):
        anyio.run(fetch)


def granted(limits: Sequence[RateLimit], seconds: int) -> list[datetime]:
    """When calls are made that are made as soon as every limit lets them."""
    buckets = [RateBucket(limit.count, limit.period, limit.burst) for limit in limits]
    tats: list[datetime | None] = [None for _ in buckets]
    now, calls = NOW, []
    while now < NOW + timedelta(seconds=seconds):
        answers = [bucket.take(tat, now) for bucket, tat in zip(buckets, tats, strict=True)]
        waits = [answer.at for answer in answers if isinstance(answer, NotBefore)]
        if waits:
            now = max(waits)
            continue
        tats = [None if isinstance(answer, NotBefore) else answer.tat for answer in answers]
        calls.append(now)
    return calls


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        (HunterLookups(SETTINGS, StillClock()).services[0].limits, "email-finder"),
        (HunterLookups(SETTINGS, StillClock()).services[1].limits, "email-verifier"),
        (HunterSource.limits, "domain-search"),
    ],
    ids=["find", "verify", "search"],
)
def test_no_second_and_no_minute_has_more_calls_than_hunter_allows_and_nine_tenths_are_used(
    limits: Sequence[RateLimit], path: str
) -> None:
    calls = granted(limits, seconds=180)
    for most, seconds in zip(LIMITS[path], (1, 60), strict=True):
        window = timedelta(seconds=seconds)
        assert max(sum(start <= call <= start + window for call in calls) for start in calls) <= most
    assert len(calls) >= 0.9 * 3 * LIMITS[path][1]


def test_a_person_of_whom_too_little_is_known_is_not_asked_about() -> None:
    async def ask(facts: Facts, operation: Operation) -> None:
        # Whoever is asked all the same gets no usable answer, which is another failure.
        await HunterLookups(SETTINGS, StillClock(), Canned()).ask(operation, [Question("1", facts)])

    for facts in (Facts(), Facts(first_name="Mara", last_name="Li***n", domain="nordwind.example")):
        with pytest.raises(Failure, match="by so little"):
            anyio.run(ask, facts, Operation.FIND)
    with pytest.raises(Failure, match="without an address"):
        anyio.run(ask, Facts(), Operation.VERIFY)


def test_a_vendor_that_finds_someone_without_a_readable_address_was_paid_and_gave_the_rest() -> None:
    body = json.loads(FOUND)
    body["data"]["email"] = "mara at nordwind"

    async def ask() -> Finding:
        lookups = HunterLookups(SETTINGS, StillClock(), Canned(body=json.dumps(body).encode()))
        [reply] = await lookups.ask(Operation.FIND, [Question("1", MARA)])
        assert isinstance(reply, Finding)
        return reply

    finding = anyio.run(ask)
    assert (finding.result, finding.credits, finding.verdict) == (LookupResult.FOUND, Decimal(1), None)
    assert (finding.facts.email, finding.facts.title) == (None, "Head of Operations")


def test_a_verdict_whose_probe_was_blocked_says_so() -> None:
    body = json.loads(VERIFIED)
    body["data"]["block"] = True

    async def ask() -> Reply:
        lookups = HunterLookups(SETTINGS, StillClock(), Canned(body=json.dumps(body).encode()))
        [reply] = await lookups.ask(Operation.VERIFY, [Question("1", MARA)])
        return reply

    finding = anyio.run(ask)
    assert isinstance(finding, Finding)
    assert finding.evidence == "hunter: accept_all, score 62, its probe was blocked"

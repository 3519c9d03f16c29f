"""Whose answer is whose, and who bears what a call cost, whatever shape the answer has."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from camd.domain.errors import Uncertain
from camd.domain.facts import Facts
from camd.domain.waterfall import LookupResult, Operation
from camd.ports.lookups import Finding, Question
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.http import Answer, Http

# The documentation's example.
EXAMPLE = """
{"status":"success","error_code":null,"error_message":null,"total_requested_enrichments":2,
 "unique_enriched_records":1,"missing_records":1,"credits_consumed":1,
 "matches":[{"id":"66f0c1a2b3d4e5f601020304","first_name":"Mara","last_name":"Linden","name":"Mara Linden",
   "linkedin_url":"http://www.linkedin.com/in/mara-linden-example","title":"Head of Operations",
   "headline":"Head of Operations at Nordwind Logistik","email":"mara.linden@nordwind.example",
   "email_status":"verified","extrapolated_email_confidence":null,"photo_url":null,"twitter_url":null,
   "github_url":null,"facebook_url":null,"city":"Bremen","state":"Bremen","country":"Germany",
   "organization_id":"5e66b6381e05b4008c000001","seniority":"head","departments":["master_operations"],
   "subdepartments":["operations"],"functions":["operations"],"revealed_for_current_team":true,
   "is_likely_to_engage":false,"show_intent":false,"employment_history":[{"_id":"66d7","id":"66d7","key":"66d7",
     "current":true,"organization_id":"5e66b6381e05b4008c000001","organization_name":"Nordwind Logistik",
     "title":"Head of Operations","start_date":"2022-03-01","end_date":null}],
   "organization":{"id":"5e66b6381e05b4008c000001","name":"Nordwind Logistik",
     "website_url":"http://www.nordwind.example","primary_domain":"nordwind.example",
     "linkedin_url":"http://www.linkedin.com/company/nordwind-example","industry":"logistics & supply chain",
     "estimated_num_employees":140,"founded_year":1998,"city":"Bremen","state":"Bremen","country":"Germany",
     "phone":null,"primary_phone":{},"keywords":["freight"],"annual_revenue":null}},
  null]}
"""
MARA, TOMAS = "66f0c1a2b3d4e5f601020304", "66f0c1a2b3d4e5f601020305"


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 11, 2, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Canned(Http):
    """Gives always the same answer."""

    body: bytes = b""

    async def request(self, *_: object, **__: object) -> Answer:
        return Answer(200, {"content-type": "application/json"}, self.body)


async def ask(body: str, *asked: Facts) -> list[Finding]:
    vendor = ApolloEnricher(ApolloSettings(api_key=SecretStr("key")), StillClock(), Canned(body=body.encode()))
    replies = await vendor.ask(Operation.MATCH, [Question(str(place), facts) for place, facts in enumerate(asked)])
    assert isinstance(replies, Sequence)
    assert all(isinstance(reply, Finding) for reply in replies)
    return [reply for reply in replies if isinstance(reply, Finding)]


def told(*matches: object, cost: object = 0) -> str:
    return json.dumps({"status": "success", "credits_consumed": cost, "matches": matches})


def item(first: str, last: str, **more: object) -> dict[str, Any]:
    return {"first_name": first, "last_name": last, **more}


def stub(ref: str) -> Facts:
    return Facts(first_name="Mara", last_name="Li***n", source="apollo", source_ref=ref)


def named(first: str, last: str, **more: str) -> Facts:
    return Facts(first_name=first, last_name=last, **more)  # type: ignore[arg-type]  # only fields of text are given


async def firsts(body: str, *asked: Facts) -> list[str | None]:
    return [finding.facts.first_name for finding in await ask(body, *asked)]


async def test_the_documented_example_is_one_person_and_one_miss() -> None:
    found, missed = await ask(EXAMPLE, stub(MARA), stub(TOMAS))
    assert (found.result, missed.result) == (LookupResult.FOUND, LookupResult.NO_MATCH)
    assert (found.credits, missed.credits) == (Decimal(1), Decimal(0))
    assert found.facts.email == "mara.linden@nordwind.example"
    assert found.facts.last_name == "Linden"
    assert found.refs == (MARA,)
    assert (found.facts.source, found.facts.source_ref) == (None, None)
    assert json.loads(found.raw or "")["id"] == MARA
    assert (missed.facts, missed.raw, missed.refs) == (Facts(), None, ())


async def test_ids_are_matched_whatever_the_order() -> None:
    body = told(item("Tomas", "Novak", id=TOMAS), item("Mara", "Linden", id=MARA))
    assert await firsts(body, stub(MARA), stub(TOMAS)) == ["Mara", "Tomas"]


async def test_a_profile_an_address_and_a_name_find_their_people_whatever_the_order() -> None:
    body = told(
        item("Ines", "Sato", organization={"name": "Acme Example"}),
        item("Hugo", "Dahl", organization={"primary_domain": "dahl.example"}),
        item("Tomas", "Novak", email="tomas@novak.example"),
        item("Mara", "Linden", linkedin_url="http://de.linkedin.com/in/Mara-L"),
    )
    asked = (
        Facts(linkedin_url="https://www.linkedin.com/in/mara-l"),
        Facts(email="Tomas+x@novak.example"),
        named("Hugo", "Dahl", domain="www.dahl.example"),
        named("Inés", "SATO", company="Acme, Example"),
    )
    assert await firsts(body, *asked) == ["Mara", "Tomas", "Hugo", "Ines"]


async def test_the_most_certain_sign_decides() -> None:
    body = told(item("Mara", "Linden", email="a@x.example"), item("Mara", "Linden", id=MARA, email="b@x.example"))
    [by_address, by_id] = await ask(body, Facts(email="a@x.example"), stub(MARA))
    assert (by_address.facts.email, by_id.facts.email) == ("a@x.example", "b@x.example")


async def test_place_counts_only_where_nothing_else_does_and_the_lengths_agree() -> None:
    nickname = item("Thomas", "Novak", organization={"name": "Novak Group"})
    asked = (stub(MARA), named("Tom", "Novak", company="Novak"))
    assert await firsts(told(item("Mara", "Linden", id=MARA), nickname), *asked) == ["Mara", "Thomas"]
    assert await firsts(told(nickname), *asked) == [None, None]
    assert await firsts(told(nickname, None, None), *asked) == [None, None]


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        (stub(MARA), item("Tomas", "Novak", id=TOMAS)),
        (Facts(linkedin_url="linkedin.com/in/mara"), item("Tomas", "Novak", linkedin_url="linkedin.com/in/tomas")),
        (named("Mara", "Linden", company="X"), item("Mara", "Novak")),
    ],
)
async def test_an_answer_about_somebody_else_is_given_to_nobody_and_still_paid(
    asked: Facts, other: dict[str, Any]
) -> None:
    [finding] = await ask(told(other, cost=1), asked)
    assert (finding.result, finding.facts, finding.credits) == (LookupResult.NO_MATCH, Facts(), Decimal(1))


async def test_one_item_is_never_two_peoples() -> None:
    body = told(item("Mara", "Linden", organization={"name": "X"}), None)
    asked = named("Mara", "Linden", company="X")
    assert await firsts(body, asked, asked) == ["Mara", None]


async def test_an_item_that_says_nothing_is_no_match() -> None:
    [finding] = await ask(told({}), named("Mara", "Linden", company="X"))
    assert finding.result is LookupResult.NO_MATCH


async def test_a_person_without_an_address_is_found_without_a_verdict() -> None:
    [finding] = await ask(told(item("Mara", "Linden", id=MARA, email=None, email_status="bounced")), stub(MARA))
    assert (finding.result, finding.verdict) == (LookupResult.FOUND, None)


async def test_the_verdict_is_that_of_the_address() -> None:
    [finding] = await ask(told(item("M", "L", id=MARA, email="m@x.example", email_status="verified")), stub(MARA))
    assert (finding.verdict, finding.evidence) == ("valid", "apollo: verified")


@pytest.mark.parametrize(
    ("cost", "shares"),
    [
        (3, ["1", "1", "1"]),
        (1, ["0.333", "0.333", "0.334"]),
        (1.5, ["0.5", "0.5", "0.5"]),
        ("2.5", ["0.833", "0.833", "0.834"]),
        (0, ["0", "0", "0"]),
        (None, ["1", "1", "1"]),
        ("much", ["1", "1", "1"]),
        (-1, ["1", "1", "1"]),
    ],
)
async def test_those_who_were_found_share_the_cost_to_the_thousandth(cost: object, shares: list[str]) -> None:
    refs = [f"{number:024x}" for number in range(4)]
    matches = [item("P", "L", id=ref) for ref in refs[:3]]
    *found, missed = await ask(told(*matches, None, cost=cost), *map(stub, refs))
    assert [finding.credits for finding in found] == [Decimal(share) for share in shares]
    assert missed.credits == 0


@pytest.mark.parametrize("matches", ["", '"matches":null', '"matches":{}', '"matches":"none"'])
async def test_an_answer_without_a_list_of_matches_proves_nothing(matches: str) -> None:
    with pytest.raises(Uncertain):
        await ask(f"{{{matches}}}", stub(MARA))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just("\ud800\r\n")
)
VALUES = st.recursive(
    SCALARS | st.sampled_from([MARA, "a@b.example", "http://[", "https://www.linkedin.com/in/%00", "1e999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "id"]), inner),
    max_leaves=5,
)
PARTS = st.dictionaries(st.sampled_from(list(json.loads(EXAMPLE)["matches"][0])), VALUES, max_size=4)
ANSWERS = st.fixed_dictionaries(
    {"matches": st.lists(PARTS | VALUES, max_size=4), "credits_consumed": VALUES}, optional={"status": VALUES}
)


@settings(max_examples=150)
@given(ANSWERS | VALUES | st.dictionaries(st.sampled_from(["matches", "status"]), VALUES))
async def test_no_rubbish_is_an_error_of_another_kind(answer: object) -> None:
    try:
        replies = await ask(json.dumps(answer), stub(MARA), named("A", "B", domain="b.example"))
    except Uncertain:
        return
    assert len(replies) == 2
    assert all(reply.credits >= 0 for reply in replies)
    assert all(len(reply.raw or "") <= 4_000 for reply in replies)


@given(st.integers(0, 10_000), st.integers(1, 10))
async def test_no_thousandth_of_a_credit_is_lost_or_made(thousandths: int, people: int) -> None:
    refs = [f"{number:024x}" for number in range(people)]
    cost = Decimal(thousandths) / 1000
    findings = await ask(told(*[item("P", "L", id=ref) for ref in refs], cost=float(cost)), *map(stub, refs))
    assert sum((finding.credits for finding in findings), Decimal(0)) == cost

"""ZeroBounce against its simulator: what each status of an address and each answer means, and what it costs.

What it has in common with other vendors is in tests/contract/test_enricher.py.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr, ValidationError

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Permanent,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import LookupResult, Operation
from camd.ports.lookups import Finding, Later, Question, Reply, Unfinished
from camd.ports.providers import RateLimit
from camd.providers.http import Answer, Http
from camd.providers.zerobounce import ZeroBounce, ZeroBounceSettings
from tests.simulators import zerobounce
from tests.simulators.people import population
from tests.simulators.zerobounce import KEY, Fault

PEOPLE = population(5)
EMAILS = [person.email for person in PEOPLE]
MINUTE = timedelta(minutes=1)
ONE, NOTHING = Decimal(1), Decimal(0)
# The example of the vendor's documentation.
EXAMPLE = """
{"email_batch":[{"address":"mara.linden@nordwind.example","status":"catch-all","sub_status":"","free_email":false,
 "did_you_mean":null,"account":"mara.linden","domain":"nordwind.example","domain_age_days":"4120","smtp_provider":"",
 "mx_found":"true","mx_record":"mx1.nordwind.example","firstname":"Mara","lastname":"Linden","gender":"female",
 "country":null,"region":null,"city":null,"zipcode":null,"processed_at":"2026-11-20 10:00:00.000"}],"errors":[]}
"""


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
    """One answer to everything."""

    body: str = ""
    status: int = 200

    async def request(
        self,
        method: str,  # noqa: ARG002 - as of `Http`
        url: str,  # noqa: ARG002 - same
        *,
        headers: Mapping[str, str],  # noqa: ARG002 - same
        content: bytes | None = None,  # noqa: ARG002 - same
    ) -> Answer:
        return Answer(self.status, {"content-type": "application/json"}, self.body.encode())


@pytest.fixture
async def server() -> AsyncIterator[zerobounce.ZeroBounce]:
    async with zerobounce.ZeroBounce(people=PEOPLE).serving() as serving:
        yield serving


@pytest.fixture
def adapter(server: zerobounce.ZeroBounce) -> ZeroBounce:
    return made(server.base_url)


def made(base_url: str = "https://api.zerobounce.net", http: Http | None = None, key: str = KEY) -> ZeroBounce:
    return ZeroBounce(ZeroBounceSettings(api_key=SecretStr(key), base_url=base_url), StillClock(), http)


async def ask(adapter: ZeroBounce, emails: Sequence[str | None] = EMAILS) -> list[Reply]:
    questions = [Question(str(place), Facts(email=email)) for place, email in enumerate(emails)]
    return list(await adapter.ask(Operation.VERIFY, questions))


async def finding(adapter: ZeroBounce, email: str = EMAILS[0]) -> Finding:
    [reply] = await ask(adapter, [email])
    assert isinstance(reply, Finding)
    return reply


async def failure(adapter: ZeroBounce) -> Failure:
    with pytest.raises(Failure) as caught:
        await ask(adapter)
    return caught.value


async def test_a_batch_is_one_post_with_the_key_in_its_body(server: zerobounce.ZeroBounce, adapter: ZeroBounce) -> None:
    replies = await ask(adapter, EMAILS[:2])
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/v2/validatebatch")
    assert request.headers["content-type"] == "application/json"
    assert KEY not in str(request.headers)
    assert json.loads(request.body) == {
        "api_key": KEY,
        "email_batch": [{"email_address": email, "ip_address": None} for email in EMAILS[:2]],
        "timeout": 30,
    }
    assert [reply.verdict for reply in replies if isinstance(reply, Finding)] == [Verdict.VALID, Verdict.VALID]


async def test_the_example_of_the_documentation_is_understood() -> None:
    found = await finding(made(http=Canned(body=EXAMPLE)), "mara.linden@nordwind.example")
    assert json.loads(found.raw or "") == json.loads(EXAMPLE)["email_batch"][0]
    assert (found.result, found.verdict, found.credits) == (LookupResult.FOUND, Verdict.CATCH_ALL, ONE)
    assert (found.evidence, found.facts) == ("zerobounce: catch_all", Facts())


STATUSES = [
    ("valid", "", LookupResult.FOUND, Verdict.VALID, ONE),
    ("valid", "accept_all", LookupResult.FOUND, Verdict.VALID, ONE),
    ("valid", "ai_agent_mailbox", LookupResult.FOUND, Verdict.VALID, ONE),
    ("invalid", "mailbox_not_found", LookupResult.FOUND, Verdict.INVALID, ONE),
    ("catch-all", "", LookupResult.FOUND, Verdict.CATCH_ALL, ONE),
    ("spamtrap", "", LookupResult.OBJECTED, Verdict.SUPPRESSED, ONE),
    ("abuse", "", LookupResult.OBJECTED, Verdict.SUPPRESSED, ONE),
    ("do_not_mail", "role_based", LookupResult.FOUND, Verdict.ROLE, ONE),
    ("do_not_mail", "role_based_catch_all", LookupResult.FOUND, Verdict.ROLE, ONE),
    ("do_not_mail", "disposable", LookupResult.OBJECTED, Verdict.SUPPRESSED, ONE),
    ("do_not_mail", "global_suppression", LookupResult.OBJECTED, Verdict.SUPPRESSED, ONE),
    ("do_not_mail", "", LookupResult.OBJECTED, Verdict.SUPPRESSED, ONE),
    ("unknown", "greylisted", LookupResult.FOUND, Verdict.UNKNOWN, NOTHING),
    ("a_status_of_tomorrow", "and_its_reason", LookupResult.FOUND, Verdict.UNKNOWN, ONE),
]


@pytest.mark.parametrize(
    ("status", "detail", "result", "verdict", "cost"), STATUSES, ids=[f"{row[0]} {row[1]}" for row in STATUSES]
)
async def test_what_each_status_of_an_address_means_and_costs(
    server: zerobounce.ZeroBounce,
    adapter: ZeroBounce,
    status: str,
    detail: str,
    result: LookupResult,
    verdict: Verdict,
    cost: Decimal,
) -> None:
    server.verdicts[EMAILS[0]] = (status, detail)
    found = await finding(adapter)
    assert (found.result, found.verdict, found.credits, server.spent) == (result, verdict, cost, cost)
    words = status.replace("-", "_") + (f", {detail}" if detail else "")
    assert found.evidence == f"zerobounce: {words}"


async def test_words_in_capitals_are_the_same_words(server: zerobounce.ZeroBounce, adapter: ZeroBounce) -> None:
    server.verdicts[EMAILS[0]] = ("catch-all", "")
    server.always = Fault.LOUD
    assert (await finding(adapter)).verdict is Verdict.CATCH_ALL


async def test_a_status_that_is_no_word_gets_into_no_evidence() -> None:
    told = {"email_batch": [{"address": EMAILS[0], "status": "valid", "sub_status": f"see {EMAILS[0]}"}]}
    found = await finding(made(http=Canned(body=json.dumps(told))))
    assert (found.verdict, found.evidence) == (Verdict.VALID, "zerobounce: valid")


async def test_addresses_of_the_sandbox_cost_nothing(server: zerobounce.ZeroBounce, adapter: ZeroBounce) -> None:
    found = await finding(adapter, "catch_all@example.com")
    assert (found.verdict, found.credits, server.spent) == (Verdict.CATCH_ALL, NOTHING, NOTHING)


async def test_answers_are_paired_by_address_whatever_its_case(
    server: zerobounce.ZeroBounce, adapter: ZeroBounce
) -> None:
    server.verdicts = {EMAILS[0]: ("invalid", ""), EMAILS[4]: ("catch-all", "")}
    server.meet([Fault.REORDERED, Fault.LOUD])
    for _ in range(2):
        verdicts = [reply.verdict for reply in await ask(adapter) if isinstance(reply, Finding)]
        assert verdicts == [Verdict.INVALID, *[Verdict.VALID] * 3, Verdict.CATCH_ALL]


async def test_whom_an_answer_leaves_out_is_not_asked_about_again(
    server: zerobounce.ZeroBounce, adapter: ZeroBounce
) -> None:
    server.always = Fault.MISSING_ITEM
    replies = await ask(adapter)
    assert [type(reply) for reply in replies] == [*[Finding] * 4, Unfinished]


async def test_an_address_with_an_error_is_refused_and_costs_nothing(
    server: zerobounce.ZeroBounce, adapter: ZeroBounce
) -> None:
    server.always = Fault.REFUSED_ITEM
    first, *others = await ask(adapter)
    assert isinstance(first, Finding)
    assert (first.result, first.verdict, first.credits) == (LookupResult.REFUSED, None, NOTHING)
    assert server.spent == len(others) == 4
    assert (await finding(adapter)).result is LookupResult.REFUSED


async def test_without_an_address_nobody_is_asked(server: zerobounce.ZeroBounce, adapter: ZeroBounce) -> None:
    replies = await ask(adapter, [None, "no address"])
    assert [reply.result for reply in replies if isinstance(reply, Finding)] == [LookupResult.REFUSED] * 2
    assert server.requests == []


async def test_those_for_whom_the_credits_did_not_last_wait_for_more(
    server: zerobounce.ZeroBounce, adapter: ZeroBounce
) -> None:
    server.credits_left = 3
    replies = await ask(adapter)
    assert [type(reply) for reply in replies] == [*[Finding] * 3, Later, Later]
    assert server.spent == 3
    # One message for a wrong key and for no credits: this key was good a moment ago.
    told = await failure(adapter)
    assert isinstance(told, BudgetExhausted)
    assert (told.scope, told.retry_after) == (Scope.PROVIDER, timedelta(hours=1))


async def test_a_key_that_never_worked_is_taken_for_a_wrong_one(server: zerobounce.ZeroBounce) -> None:
    adapter = made(server.base_url, key="another-key")
    told = await failure(adapter)
    assert (type(told), told.scope) == (KeyRefused, Scope.PROVIDER)
    with pytest.raises(KeyRefused, match=r"correct providers\.zerobounce\.api_key, or buy credits"):
        raise told
    assert isinstance(await failure(adapter), KeyRefused)


ANSWERS: list[tuple[str | int, type[Failure], Scope, timedelta | None, str]] = [
    (400, Permanent, Scope.ITEM, None, "400"),
    (Fault.KEY_OR_CREDITS_400, KeyRefused, Scope.PROVIDER, None, "set|correct providers.zerobounce.api_key"),
    (401, KeyRefused, Scope.PROVIDER, None, "correct providers.zerobounce.api_key"),
    (402, BudgetExhausted, Scope.PROVIDER, timedelta(hours=1), "buy some"),
    (Fault.SHIELD, RateLimited, Scope.PROVIDER, 10 * MINUTE, "403"),
    (404, PlanRefused, Scope.PROVIDER, None, "correct providers.zerobounce.base_url"),
    (405, PlanRefused, Scope.PROVIDER, None, "correct providers.zerobounce.base_url"),
    (408, Transient, Scope.PROVIDER, None, "408"),
    (418, Transient, Scope.PROVIDER, None, "418"),
    (429, RateLimited, Scope.PROVIDER, 10 * MINUTE, "429"),
    (500, Transient, Scope.PROVIDER, None, "500"),
    (503, Transient, Scope.PROVIDER, None, "503"),
    (504, Uncertain, Scope.PROVIDER, None, "504"),
    (520, Uncertain, Scope.PROVIDER, None, "520"),
    (524, Uncertain, Scope.PROVIDER, None, "524"),
    (Fault.BAD_KEY, KeyRefused, Scope.PROVIDER, None, "correct providers.zerobounce.api_key"),
    (Fault.KEY_OR_CREDITS, KeyRefused, Scope.PROVIDER, None, "correct providers.zerobounce.api_key, or buy credits"),
    (Fault.NO_CREDITS, BudgetExhausted, Scope.PROVIDER, timedelta(hours=1), "buy some"),
    (Fault.TROUBLE, Transient, Scope.PROVIDER, None, "an error"),
    (Fault.NULL_ITEMS, Uncertain, Scope.PROVIDER, None, "nothing of what was asked"),
    (Fault.OTHER_ADDRESSES, Uncertain, Scope.PROVIDER, None, "nothing of what was asked"),
]


@pytest.mark.parametrize(
    ("fault", "kind", "scope", "wait", "told"), ANSWERS, ids=[str(getattr(row[0], "value", row[0])) for row in ANSWERS]
)
async def test_what_each_answer_means(
    server: zerobounce.ZeroBounce,
    adapter: ZeroBounce,
    fault: str | int,
    kind: type[Failure],
    scope: Scope,
    wait: timedelta | None,
    told: str,
) -> None:
    """Anything but `Uncertain` says that nothing was paid."""
    server.always = fault
    caught = await failure(adapter)
    assert (type(caught), caught.scope, getattr(caught, "retry_after", None)) == (kind, scope, wait)
    with pytest.raises(kind, match=told):
        raise caught
    assert kind is Uncertain or server.spent == 0


@pytest.mark.parametrize("told", ["{}", '{"email_batch": null}', '{"email_batch": {}, "errors": "none"}', "[]", "7"])
async def test_an_answer_that_says_nothing_may_have_been_paid_for(told: str) -> None:
    assert isinstance(await failure(made(http=Canned(body=told))), Uncertain)


async def test_an_error_that_only_speaks_of_a_field_is_no_matter_of_the_account() -> None:
    told = {"errors": [{"error": "Missing email_batch key: email_address.", "email_address": "unknown"}]}
    assert type(await failure(made(http=Canned(body=json.dumps(told))))) is Transient


@pytest.mark.parametrize(("documented", "count"), [(30, 28), (5, 4), (1, 1)])
def test_a_twentieth_of_the_batches_is_left_free(documented: int, count: int) -> None:
    section = ZeroBounceSettings(api_key=SecretStr(KEY), batches_per_minute=documented, batch_size=50)
    [service] = ZeroBounce(section, StillClock()).services
    assert (service.limits, service.batch, service.at_once) == ((RateLimit(count, MINUTE),), 50, 2)
    assert (service.offer.price, service.is_repeatable) == (ONE, False)


def test_a_call_may_take_longer_than_a_batch_does() -> None:
    assert ZeroBounce(ZeroBounceSettings(), StillClock())._http.total_seconds > 70


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batches_per_minute": 0}, {"credits_per_day": -1}])
def test_a_number_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        ZeroBounceSettings(**wrong)  # type: ignore[arg-type]  # wrong on purpose

"""MillionVerifier against its simulator: what each result and each error means, and what it costs.

What it has in common with other vendors is in tests/contract/test_enricher.py.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
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
from camd.ports.lookups import Finding, Question
from camd.ports.providers import RateLimit
from camd.providers.http import Answer, Http
from camd.providers.millionverifier import MillionVerifier, MillionVerifierSettings
from tests.simulators import millionverifier
from tests.simulators.millionverifier import KEY, Fault
from tests.simulators.people import population

PEOPLE = population(3)
EMAIL = PEOPLE[0].email
ONE, NOTHING = Decimal(1), Decimal(0)
HOUR = timedelta(hours=1)
# The example of the vendor's documentation, with an address.
EXAMPLE = """
{"email":"mara@nordwind.example","quality":"good","result":"ok","resultcode":1,"subresult":"ok","free":false,
 "role":false,"didyoumean":"","credits":3454,"executiontime":2,"error":"","livemode":true}
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

    async def request(
        self,
        method: str,  # noqa: ARG002 - as of `Http`
        url: str,  # noqa: ARG002 - same
        *,
        headers: Mapping[str, str],  # noqa: ARG002 - same
        content: bytes | None = None,  # noqa: ARG002 - same
    ) -> Answer:
        return Answer(200, {"content-type": "application/json"}, self.body.encode())


@pytest.fixture
async def server() -> AsyncIterator[millionverifier.MillionVerifier]:
    async with millionverifier.MillionVerifier(people=PEOPLE).serving() as serving:
        yield serving


@pytest.fixture
def adapter(server: millionverifier.MillionVerifier) -> MillionVerifier:
    return made(server)


def made(server: millionverifier.MillionVerifier, key: str = KEY, *, pays_for_risky: bool = False) -> MillionVerifier:
    section = MillionVerifierSettings(api_key=SecretStr(key), base_url=server.base_url, pays_for_risky=pays_for_risky)
    return MillionVerifier(section, StillClock())


def canned(body: object) -> MillionVerifier:
    return MillionVerifier(
        MillionVerifierSettings(api_key=SecretStr(KEY)),
        StillClock(),
        Canned(body=body if isinstance(body, str) else json.dumps(body)),
    )


async def finding(adapter: MillionVerifier, email: str | None = EMAIL) -> Finding:
    [reply] = await adapter.ask(Operation.VERIFY, [Question("0", Facts(email=email))])
    assert isinstance(reply, Finding)
    return reply


async def failure(adapter: MillionVerifier, email: str = EMAIL) -> Failure:
    with pytest.raises(Failure) as caught:
        await finding(adapter, email)
    return caught.value


async def test_a_question_is_one_get_with_its_query_encoded(server: millionverifier.MillionVerifier) -> None:
    assert isinstance(await failure(made(server, "a&b+c"), "mara+news&x@nordwind.example"), KeyRefused)
    [request] = server.requests
    assert (request.method, request.body) == ("GET", b"")
    assert request.target == "/api/v3/?api=a%26b%2Bc&email=mara%2Bnews%26x%40nordwind.example&timeout=20"


async def test_the_example_of_the_documentation_is_understood() -> None:
    found = await finding(canned(EXAMPLE), "mara@nordwind.example")
    assert json.loads(found.raw or "") == json.loads(EXAMPLE)
    assert (found.result, found.verdict, found.credits) == (LookupResult.FOUND, Verdict.VALID, ONE)
    assert (found.evidence, found.facts) == ("millionverifier: ok", Facts())


RESULTS = [
    ("ok", Verdict.VALID, ONE),
    ("catch_all", Verdict.CATCH_ALL, NOTHING),
    ("unknown", Verdict.UNKNOWN, NOTHING),
    ("disposable", Verdict.INVALID, ONE),
    ("invalid", Verdict.INVALID, ONE),
    ("a_result_of_tomorrow", Verdict.UNKNOWN, ONE),
]


@pytest.mark.parametrize(("result", "verdict", "cost"), RESULTS, ids=[row[0] for row in RESULTS])
async def test_what_each_result_means_and_costs(
    server: millionverifier.MillionVerifier, adapter: MillionVerifier, result: str, verdict: Verdict, cost: Decimal
) -> None:
    server.results[EMAIL] = result
    found = await finding(adapter)
    assert (found.result, found.verdict, found.credits, server.spent) == (LookupResult.FOUND, verdict, cost, cost)
    assert found.evidence == f"millionverifier: {result}"


@pytest.mark.parametrize("result", ["catch_all", "unknown"])
async def test_an_account_that_misused_it_pays_for_what_proves_nothing(
    server: millionverifier.MillionVerifier, result: str
) -> None:
    server.charges_risky = True
    server.results[EMAIL] = result
    found = await finding(made(server, pays_for_risky=True))
    assert found.credits == server.spent == 1


TEST_KEYS = ["TEST", "OK", "CATCH_ALL", "UNKOWN", "DISPOSABLE", "INVALID"]


@pytest.mark.parametrize("name", TEST_KEYS)
async def test_what_a_test_key_says_is_believed_by_nobody_and_costs_nothing(
    server: millionverifier.MillionVerifier, name: str
) -> None:
    found = await finding(made(server, f"API_KEY_FOR_{name}"))
    assert (found.verdict, found.credits, server.spent) == (Verdict.UNKNOWN, NOTHING, NOTHING)
    assert found.evidence is not None
    assert found.evidence.endswith(", test key")


async def test_a_test_key_for_used_up_credits_tells_so(server: millionverifier.MillionVerifier) -> None:
    assert isinstance(await failure(made(server, "API_KEY_FOR_ERROR_INSUFFICIENT_CREDITS")), BudgetExhausted)


async def test_a_role_and_a_free_mailbox_are_evidence_and_no_verdict() -> None:
    found = await finding(canned({"email": EMAIL, "result": "ok", "subresult": "fine", "role": True, "free": True}))
    assert (found.verdict, found.evidence) == (Verdict.VALID, "millionverifier: ok, role, free, fine")


async def test_evidence_holds_words_only() -> None:
    found = await finding(canned({"email": EMAIL, "result": "ok", "subresult": f"see {EMAIL}", "role": EMAIL}))
    assert found.evidence == "millionverifier: ok"


async def test_the_address_may_come_back_in_another_case() -> None:
    assert (await finding(canned({"email": EMAIL.upper(), "result": "OK"}))).verdict is Verdict.VALID


@pytest.mark.parametrize("address", [None, "no address"])
async def test_without_an_address_nobody_is_asked(
    server: millionverifier.MillionVerifier, adapter: MillionVerifier, address: str | None
) -> None:
    assert ((await finding(adapter, address)).result, server.requests) == (LookupResult.REFUSED, [])


async def test_nulls_beside_the_result_do_no_harm(
    server: millionverifier.MillionVerifier, adapter: MillionVerifier
) -> None:
    server.always = Fault.NULLS
    found = await finding(adapter)
    assert (found.verdict, found.credits) == (Verdict.VALID, server.spent)


ANSWERS: list[tuple[str | int, type[Failure], Scope, timedelta | None, str]] = [
    (Fault.BAD_KEY, KeyRefused, Scope.PROVIDER, None, "correct providers.millionverifier.api_key"),
    (Fault.NO_CREDITS, BudgetExhausted, Scope.PROVIDER, HOUR, "buy some"),
    (Fault.BLOCKED, PlanRefused, Scope.PROVIDER, None, "unblocked by its support"),
    (Fault.INTERNAL, Transient, Scope.PROVIDER, None, "an error"),
    (Fault.NO_EMAIL, Permanent, Scope.ITEM, None, "refuses the address"),
    (Fault.OTHER_ADDRESS, Uncertain, Scope.PROVIDER, None, "nothing of what was asked"),
    (Fault.NO_RESULT, Uncertain, Scope.PROVIDER, None, "nothing of what was asked"),
    (400, Permanent, Scope.ITEM, None, "400"),
    (401, KeyRefused, Scope.PROVIDER, None, "correct providers.millionverifier.api_key"),
    (402, BudgetExhausted, Scope.PROVIDER, HOUR, "buy some"),
    (403, RateLimited, Scope.PROVIDER, None, "403"),
    (404, PlanRefused, Scope.PROVIDER, None, "correct providers.millionverifier.base_url"),
    (408, Transient, Scope.PROVIDER, None, "408"),
    (418, Transient, Scope.PROVIDER, None, "418"),
    (429, RateLimited, Scope.PROVIDER, None, "429"),
    (500, Transient, Scope.PROVIDER, None, "500"),
    (504, Uncertain, Scope.PROVIDER, None, "504"),
    (524, Uncertain, Scope.PROVIDER, None, "524"),
]


@pytest.mark.parametrize(
    ("fault", "kind", "scope", "wait", "told"), ANSWERS, ids=[str(getattr(row[0], "value", row[0])) for row in ANSWERS]
)
async def test_what_each_answer_means(
    server: millionverifier.MillionVerifier,
    adapter: MillionVerifier,
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


async def test_credits_that_are_used_up_are_told_with_200(
    server: millionverifier.MillionVerifier, adapter: MillionVerifier
) -> None:
    server.credits_left = 1
    await finding(adapter)
    assert isinstance(await failure(adapter), BudgetExhausted)
    assert server.spent == 1


@pytest.mark.parametrize("told", [{}, {"result": None}, {"result": 1, "resultcode": 1}, [], 7])
async def test_an_answer_without_a_result_may_have_been_paid_for(told: object) -> None:
    assert isinstance(await failure(canned(told)), Uncertain)


@pytest.mark.parametrize("told", [{"result": "error"}, {"result": "ok", "error": "Try later"}, {"error": "x"}])
async def test_an_error_outweighs_a_result(told: object) -> None:
    assert type(await failure(canned(told))) is Transient


def test_the_call_outlasts_the_time_that_is_given_for_the_mail_server() -> None:
    section = MillionVerifierSettings(timeout_seconds=60)
    assert MillionVerifier(section, StillClock())._http.total_seconds > 60


def test_the_rate_is_a_setting() -> None:
    section = MillionVerifierSettings(api_key=SecretStr(KEY), calls_per_second=2)
    [service] = MillionVerifier(section, StillClock()).services
    assert (service.limits, service.batch) == ((RateLimit(2, timedelta(seconds=1)),), 1)
    assert (service.offer.price, service.is_repeatable) == (ONE, False)


@pytest.mark.parametrize("wrong", [{"timeout_seconds": 1}, {"timeout_seconds": 61}, {"calls_per_second": 0}])
def test_a_number_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        MillionVerifierSettings(**wrong)  # type: ignore[arg-type]  # wrong on purpose

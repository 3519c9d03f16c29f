"""How fast Apollo may be asked, as its headers tell it, and what only looks like its word on credits."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from camd.domain.errors import BudgetExhausted, Failure, Permanent, PlanRefused
from camd.domain.token_bucket import RateBucket, Taken
from camd.ports.providers import RateLimit
from camd.providers.apollo_api import ApolloApi, ApolloSettings, Limits
from camd.providers.http import Answer, Http

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def rates(headers: dict[str, str], begin: tuple[int | None, ...] = (200, 6_000, 50_000)) -> list[RateLimit]:
    minute, hour, day = begin
    limits = Limits((minute, hour, day))
    limits.learn(headers)
    return list(limits.rates())


def periods(limits: list[RateLimit]) -> list[timedelta]:
    return [limit.period for limit in limits]


@given(st.integers(1, 100_000))
def test_no_window_of_apollos_ever_holds_more_than_its_limit(limit: int) -> None:
    [given_limit] = rates({"x-rate-limit-minute": str(limit)}, (1, None, None))
    # Of one that is half refilled nothing can be taken.
    assert int(given_limit.burst + given_limit.count * (MINUTE / given_limit.period)) <= limit


@pytest.mark.parametrize("limit", [20, 50, 100, 200, 600, 1_000, 6_000, 50_000])
def test_nearly_all_of_the_limit_is_used(limit: int) -> None:
    [given_limit] = rates({"x-rate-limit-minute": str(limit)}, (1, None, None))
    assert given_limit.period == MINUTE
    assert given_limit.count >= 0.95 * limit


@settings(max_examples=25)
@given(st.integers(1, 40), st.lists(st.integers(0, 20_000), min_size=1, max_size=100))
def test_a_greedy_caller_stays_within_a_window_that_opens_at_any_request(limit: int, pauses: list[int]) -> None:
    [given_limit] = rates({"x-rate-limit-minute": str(limit)}, (1, None, None))
    bucket = RateBucket(given_limit.count, given_limit.period, given_limit.burst)
    now, tat = NOW, None
    calls: list[datetime] = []
    for pause in pauses:
        now += timedelta(milliseconds=pause)
        while isinstance(taken := bucket.take(tat, now), Taken):
            tat = taken.tat
            calls.append(now)
    assert all(sum(begin <= call < begin + MINUTE for call in calls) <= limit for begin in calls)


def test_an_empty_header_is_no_limit() -> None:
    told = {"x-rate-limit-minute": "1000", "x-rate-limit-hourly": "", "x-rate-limit-24-hour": " "}
    assert rates(told) == [RateLimit(950, MINUTE, burst=25)]


def test_a_header_that_is_missing_changes_nothing() -> None:
    assert rates({}) == rates({"x-rate-limit-hourly": "6000"})
    assert periods(rates({})) == [MINUTE, HOUR, DAY]


@pytest.mark.parametrize("told", ["-5", "0", "many", "1e3", "9" * 30, "٣"])
def test_a_header_that_is_no_number_changes_nothing(told: str) -> None:
    assert rates({"x-rate-limit-minute": told}) == rates({})


def test_a_limit_that_comes_back_is_kept_again() -> None:
    limits = Limits((20, 100, 600))
    limits.learn({"x-rate-limit-hourly": ""})
    limits.learn({"x-rate-limit-hourly": "100"})
    assert periods(list(limits.rates())) == [MINUTE, HOUR, DAY]


def test_every_setting_has_a_default() -> None:
    settings_ = ApolloSettings()
    assert (settings_.api_key, settings_.base_url, settings_.credits_per_day) == (None, "https://api.apollo.io", None)
    assert (settings_.plan, settings_.param_style) == ("paid", "body")


@pytest.mark.parametrize(
    "wrong",
    [{"plan": "gold"}, {"param_style": "header"}, {"credits_per_day": -1}, {"base_url": "http://api.apollo.io"}],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApolloSettings.model_validate(wrong)


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

    status: int = 403
    kind: str = "application/json"
    body: bytes = b""

    async def request(self, *_: object, **__: object) -> Answer:
        return Answer(self.status, {"content-type": self.kind}, self.body)


@pytest.mark.parametrize(
    ("http", "kind"),
    [
        (Canned(status=403, kind="application/json", body=b'{"error": "Not enough CREDITS"}'), BudgetExhausted),
        (Canned(status=422, kind="text/plain", body=b"insufficient credits"), BudgetExhausted),
        (Canned(status=402, kind="application/json", body=b"{}"), BudgetExhausted),
        (
            Canned(status=403, kind="text/html; charset=utf-8", body=b"<p>Pay for this network by credit card</p>"),
            PlanRefused,
        ),
        (
            Canned(status=403, kind="application/json", body=b'{"error_code": "API_INACCESSIBLE", "error": "credits"}'),
            PlanRefused,
        ),
        (Canned(status=422, kind="application/json", body=b'{"error": "details is too long"}'), Permanent),
        (Canned(status=400, kind="application/json", body=b'{"error": "credits"}'), Permanent),
    ],
)
async def test_only_apollos_own_word_on_credits_is_one(http: Canned, kind: type[Failure]) -> None:
    api = ApolloApi(ApolloSettings(api_key=SecretStr("key")), StillClock(), http)
    with pytest.raises(kind):
        await api.match([{"id": "a"}])

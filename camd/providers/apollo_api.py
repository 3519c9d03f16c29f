"""Apollo's API: the two calls that camd makes, what their answers mean, and how fast Apollo says they may be made.

Every failure comes out as one of `camd.domain.errors` with a mend; none repeats what the answer said. A search is free
and may be made again; a match is paid for, so one whose answer was lost is `Uncertain`.
Source: docs.apollo.io/reference/people-api-search, bulk-people-enrichment, rate-limits and status-codes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Misconfigured,
    Permanent,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.ports.clock import Clock
from camd.ports.providers import RateLimit
from camd.providers.answers import unspoilt
from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent, Unreadable

PER_PAGE = 100
MOST_AT_ONCE = 10
"""People in one match."""
SEARCH = "mixed_people/api_search"
MATCH = "people/bulk_match"
_NEVER_ASKED_FOR = ("reveal_personal_emails", "reveal_phone_number", "run_waterfall_email", "run_waterfall_phone")
"""Private addresses are not for business, a phone number costs eight credits, Apollo's own waterfall answers later."""

_WINDOWS = (
    ("x-rate-limit-minute", timedelta(minutes=1)),
    ("x-rate-limit-hourly", timedelta(hours=1)),
    ("x-rate-limit-24-hour", timedelta(days=1)),
)
Counts = tuple[int | None, int | None, int | None]
"""Calls a minute, an hour and a day; None is no limit."""
_LIMITS: Mapping[tuple[str, str], Counts] = {
    (SEARCH, "paid"): (200, 6_000, 50_000),
    (SEARCH, "free"): (50, 200, 600),
    (MATCH, "paid"): (1_000, None, None),
    (MATCH, "free"): (20, 100, 600),
}
"""Until the first answer says what the account really has."""
_USED_PERCENT = 95
_BELIEVABLE_DIGITS = 9


class ApolloSettings(BaseModel):
    """`[providers.apollo]`. `plan` is only the limits to begin with; `param_style` is where the filters of a search
    travel."""

    api_key: HeaderSecret | None = None
    base_url: BaseUrl = "https://api.apollo.io"
    credits_per_day: Annotated[Decimal, Field(ge=0)] | None = None
    plan: Literal["paid", "free"] = "paid"
    param_style: Literal["body", "query"] = "body"


class Limits:
    """Of one endpoint, as its latest answer told them."""

    def __init__(self, begin: Counts) -> None:
        self._counts = list(begin)

    def learn(self, headers: Mapping[str, str]) -> None:
        """A window without a limit has an empty header; a header that is missing (401, 403) says nothing."""
        for place, (name, _) in enumerate(_WINDOWS):
            told = headers.get(name, "?").strip()
            if not told:
                self._counts[place] = None
            elif told.isascii() and told.isdecimal() and len(told) <= _BELIEVABLE_DIGITS and int(told) > 0:
                self._counts[place] = int(told)

    def rates(self) -> Sequence[RateLimit]:
        windows = zip(self._counts, _WINDOWS, strict=True)
        return [_within(count, period) for count, (_, period) in windows if count is not None]


def _within(limit: int, period: timedelta) -> RateLimit:
    """Apollo's windows begin with a request, so any stretch of `period` may be one: it holds at most burst + count.
    What is left besides is for requests that overtake each other on their way."""
    if limit == 1:
        return RateLimit(1, 2 * period)
    count = min(-(-limit * _USED_PERCENT // 100), limit - 1)
    return RateLimit(count, period, max((limit - count) // 2, 1))


class ApolloApi:
    def __init__(self, settings: ApolloSettings, clock: Clock, http: Http) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http
        self.limits = {name: Limits(_LIMITS[name, settings.plan]) for name in (SEARCH, MATCH)}

    def problems(self) -> list[str]:
        """What keeps it from being asked at all."""
        scopes = f"{SEARCH} and {MATCH}"
        return [] if self._settings.api_key else [f"set providers.apollo.api_key to a master key, or one with {scopes}"]

    async def check_key(self) -> None:
        """A search for one person, which costs nothing. Raises what the answer means."""
        await self.search({"person_titles": ["owner"]}, 1)

    async def search(self, filters: Mapping[str, object], page: int) -> dict[str, Any]:
        """The answer to one page of a search; pages count from 1."""
        asked = {**filters, "page": page, "per_page": PER_PAGE}
        try:
            if self._settings.param_style == "query":
                answer = await self._post(SEARCH, urlencode(list(_pairs(asked)), quote_via=quote), {})
            else:
                answer = await self._post(SEARCH, "", asked)
            told = answer.json()
        except (AnswerLost, Unreadable) as error:
            raise _weather(str(error)) from error
        if not isinstance(told, dict):
            raise _weather("JSON that is no object")
        return told

    async def match(self, details: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """The answer about these people, each of them paid for if Apollo finds anything."""
        flags = "&".join(f"{flag}=false" for flag in _NEVER_ASKED_FOR)
        try:
            answer = await self._post(MATCH, flags, {"details": details})
        except AnswerLost as error:
            raise Uncertain(f"Apollo's answer was lost: {error}", scope=Scope.PROVIDER) from error
        told = unspoilt(answer, "Apollo")
        if not isinstance(told.get("matches"), list):
            raise Uncertain(f"Apollo answered ({answer.status}) without a list of matches", scope=Scope.PROVIDER)
        return told

    async def _post(self, endpoint: str, query: str, body: Mapping[str, object]) -> Answer:
        """An answer of the two hundreds. Raises `AnswerLost` or what the answer means."""
        key = self._settings.api_key
        if key is None:
            raise KeyRefused("; ".join(self.problems()), scope=Scope.PROVIDER)
        url = f"{self._settings.base_url}/api/v1/{endpoint}{'?' if query else ''}{query}"
        headers = {
            "x-api-key": key.get_secret_value(),
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
        }
        try:
            answer = await self._http.request("POST", url, headers=headers, content=json.dumps(body).encode())
        except NotSent as error:
            raise _weather(str(error)) from error
        self.limits[endpoint].learn(answer.headers)
        if 200 <= answer.status < 300:
            return answer
        raise self._refused(answer, endpoint)

    def _refused(self, answer: Answer, endpoint: str) -> Failure:
        wait = answer.retry_after(self._clock.now())
        match answer.status:
            case 401:
                mend = "set providers.apollo.api_key to one that is valid"
                return KeyRefused(f"Apollo does not accept the key (401); {mend}", scope=Scope.PROVIDER)
            case 402 | 403 | 422 as status if status == 402 or _speaks_of_credits(answer):
                mend = "buy credits, or wait until the plan renews them"
                return BudgetExhausted(f"Apollo has no credits left ({status}); {mend}", scope=Scope.PROVIDER)
            case 403:
                mend = f"give the key the scope {endpoint}, or check that the plan includes it"
                return PlanRefused(f"Apollo does not let this key use {endpoint} (403); {mend}", scope=Scope.PROVIDER)
            case 404:
                mend = "correct providers.apollo.base_url"
                return PlanRefused(f"There is no {endpoint} (404); {mend}", scope=Scope.PROVIDER)
            case 429:
                return RateLimited("Apollo's limit of calls is reached (429)", scope=Scope.PROVIDER, retry_after=wait)
            case status if status >= 500 or status == 408:
                return Transient(f"Apollo is in trouble ({status})", scope=Scope.PROVIDER, retry_after=wait)
            case status if status < 400:
                # Most often not Apollo: a portal or a firewall before it.
                return _weather(f"{status} instead of an answer")
            case status if endpoint == SEARCH:
                mend = "correct the fields of the source"
                return Misconfigured(f"Apollo does not accept the search ({status}); {mend}", scope=Scope.CAMPAIGN)
            case status:
                return Permanent(f"Apollo refuses the question ({status})", scope=Scope.ITEM)


def _speaks_of_credits(answer: Answer) -> bool:
    """Apollo does not document how it says so. A page of HTML is not Apollo's."""
    is_its_own = "html" not in answer.headers.get("content-type", "").lower()
    body = answer.body.lower()
    return is_its_own and b"credit" in body and b"api_inaccessible" not in body


def _weather(why: str) -> Transient:
    return Transient(f"Apollo gave no usable answer: {why}", scope=Scope.PROVIDER)


def _pairs(asked: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """As Apollo declares them: lists as `name[]`, ranges as `name[min]`."""
    for name, value in asked.items():
        match value:
            case list():
                yield from ((f"{name}[]", str(item)) for item in value)
            case dict():
                yield from ((f"{name}[{end}]", str(bound)) for end, bound in value.items())
            case bool():
                yield name, str(value).lower()
            case _:
                yield name, str(value)

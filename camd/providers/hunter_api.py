"""Hunter's API: one GET at a time, and what its answers mean. 403 says too fast, 429 that nothing is left to spend.

A lost answer is `Uncertain`: repeating it within the month costs nothing. Nothing raised here repeats what Hunter said,
but for its known words. Source: hunter.io/api-documentation/v2.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from camd.domain.errors import BudgetExhausted, Failure, KeyRefused, Permanent, RateLimited, Scope, Transient, Uncertain
from camd.domain.facts import Verdict
from camd.ports.clock import Clock
from camd.providers import answers
from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent, Unreadable

SET_KEY = "set providers.hunter.api_key to a key of your account with Hunter"
REST = timedelta(hours=24)
"""Once the month's credits are used up; Hunter does not say with its answer when the next month begins."""
CLAIMED = 451
"""Whoever owns an address or a domain asked Hunter not to process it."""
STATUSES: Mapping[str, Verdict] = {
    "valid": Verdict.VALID,
    "invalid": Verdict.INVALID,
    # Whatever the score: the domain accepts everything.
    "accept_all": Verdict.CATCH_ALL,
    # No mailbox of a free provider is ever asked whether it is there.
    "webmail": Verdict.FREEMAIL,
    "disposable": Verdict.INVALID,
    "unknown": Verdict.UNKNOWN,
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REASONS = frozenset(
    {
        "wrong_params",
        "invalid_email",
        "invalid_first_name",
        "invalid_last_name",
        "invalid_full_name",
        "invalid_domain",
        "invalid_company",
        "invalid_max_duration",
        "pagination_error",
        "claimed_email",
    }
)


class HunterSettings(BaseModel):
    """`[providers.hunter]`. `verification_credits` is 1 on Data plans, 0.5 elsewhere; `max_duration` is how many
    seconds Hunter may look for an address: longer finds more."""

    api_key: HeaderSecret | None = None
    base_url: BaseUrl = "https://api.hunter.io"
    credits_per_day: Decimal | None = Field(default=None, ge=0)
    verification_credits: Decimal = Field(default=Decimal("0.5"), ge=0, le=100)
    max_duration: int = Field(default=10, ge=3, le=20)


class Refused(Permanent):
    """Hunter will never answer this; `reason` is its own word for why, if it is a known one."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Hunter refuses this question ({status} {reason})", scope=Scope.ITEM)
        self.status = status
        self.reason = reason


class HunterApi:
    def __init__(self, settings: HunterSettings, clock: Clock, http: Http) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http

    @property
    def has_key(self) -> bool:
        return self._settings.api_key is not None

    async def check_key(self) -> None:
        """Asks for the account, which costs nothing. Raises what the answer means."""
        read_object(await self.get("account", {}), "email")

    async def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """An answer of 2xx. Raises `Refused`, another `Failure` of scope `provider` otherwise."""
        if self._settings.api_key is None:
            raise KeyRefused(f"Hunter needs a key; {SET_KEY}", scope=Scope.PROVIDER)
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        headers = {"X-API-KEY": self._settings.api_key.get_secret_value()}
        try:
            answer = await self._http.request("GET", f"{self._settings.base_url}/v2/{path}?{asked}", headers=headers)
        except NotSent as error:
            raise Transient(f"Hunter was not asked: {error}", scope=Scope.PROVIDER) from error
        except AnswerLost as error:
            raise Uncertain(f"Hunter's answer was lost: {error}", scope=Scope.PROVIDER) from error
        if 200 <= answer.status < 300:
            return answer
        raise _failure(answer, self._clock.now())

    def asked_to_wait(self, answer: Answer) -> timedelta | None:
        return answer.retry_after(self._clock.now())


def read_object(answer: Answer, proof: str) -> tuple[dict[str, Any], object]:
    """`data` and `meta` of an answer of 200. Raises `Uncertain` where it is none, or `data` has no field `proof`."""
    if answer.status != 200:
        raise Uncertain(f"Hunter: {answer.status} instead of an answer", scope=Scope.PROVIDER)
    told = answers.unspoilt(answer, "Hunter")
    data = told.get("data")
    if not isinstance(data, dict) or proof not in data:
        raise Uncertain("Hunter: 200 without what was asked for", scope=Scope.PROVIDER)
    return data, told.get("meta")


def verdict_of(status: object, accept_all: object = None) -> Verdict | None:
    """None where Hunter has not looked."""
    if isinstance(status, str):
        return STATUSES.get(status, Verdict.UNKNOWN)
    return Verdict.CATCH_ALL if accept_all is True else None


def evidence_of(status: object, score: object, checked_on: object = None) -> str:
    """A few words, such as `hunter: accept_all, score 62`."""
    if isinstance(status, str):
        words = f"hunter: {status if status in STATUSES else 'a status of its own'}"
    else:
        words = "hunter: not verified"
    if isinstance(checked_on, str) and _DAY.fullmatch(checked_on):
        words += f" on {checked_on}"
    points = answers.whole(score)
    return f"{words}, score {points}" if points is not None and points <= 100 else words


def _failure(answer: Answer, now: datetime) -> Failure:
    status, wait, reason = answer.status, answer.retry_after(now), _reason(answer)
    match status:
        case 401:
            return KeyRefused(f"Hunter does not accept the key (401); {SET_KEY}", scope=Scope.PROVIDER)
        case 403:
            return RateLimited("Hunter is asked too fast (403)", scope=Scope.PROVIDER, retry_after=wait)
        case 429 if reason is not None:
            used_up = "Hunter's credits of this month are used up (429)"
            return BudgetExhausted(used_up, scope=Scope.PROVIDER, retry_after=wait or REST)
        case 429:
            # Not Hunter's own: a server before it means by this number what everybody means.
            return RateLimited("too much is asked on the way to Hunter (429)", scope=Scope.PROVIDER, retry_after=wait)
        case status if status >= 500 or status == 408:
            return Transient(f"Hunter is in trouble ({status})", scope=Scope.PROVIDER, retry_after=wait)
        case status if status < 400 or reason is None:
            # A portal, a firewall, or a wrong base_url: no person's question is at fault, and nobody objected.
            why = f"{status} that is not Hunter's own; check providers.hunter.base_url if it stays"
            return Transient(why, scope=Scope.PROVIDER, retry_after=wait)
        case _:
            return Refused(status, reason)


def _reason(answer: Answer) -> str | None:
    """Hunter's word for what is wrong; None where this is not how Hunter tells of errors."""
    try:
        told = answer.json()
    except Unreadable:
        return None
    match told:
        case {"errors": [{"id": str(word)}, *_]} if word in _REASONS:
            return word
        case {"errors": [{}, *_]}:
            return "for a reason of its own"
    return None

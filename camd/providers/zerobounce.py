"""ZeroBounce: whether addresses work, a hundred in one call.

The key travels in the body. An address costs a credit, one that stays unknown none. The same call again is charged
again, so a lost answer is `Uncertain`. Trouble with the key or the credits comes with 200.
Source: zerobounce.net/docs, the pages on batch validation, status codes, rate limits and error codes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, Field

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
from camd.domain.facts import Verdict
from camd.domain.waterfall import VERDICT, LookupResult, Offer, Operation
from camd.ports.clock import Clock
from camd.ports.lookups import Finding, Job, Later, Question, Reply, Service, Unfinished
from camd.ports.providers import RateLimit
from camd.providers import answers
from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent, Unreadable

SECONDS = 90.0
"""For a whole call: a batch may take 70."""
BLOCK = timedelta(minutes=10)
"""So long it blocks whoever sends too many batches. Neither its 429 nor the 403 of its shield tells a wait."""
TOP_UP = timedelta(hours=1)
"""Until it is tried whether somebody has bought credits."""
_PRICE = Decimal(1)
_SANDBOX = "@example.com"
"""Addresses to try it with, such as catch_all@example.com; they cost nothing."""
_KEY = re.compile(r"api[ _-]?key")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VERDICTS: Mapping[str, Verdict] = {
    "valid": Verdict.VALID,
    "invalid": Verdict.INVALID,
    "catch_all": Verdict.CATCH_ALL,
    "unknown": Verdict.UNKNOWN,
    "spamtrap": Verdict.SUPPRESSED,
    "abuse": Verdict.SUPPRESSED,
    "do_not_mail": Verdict.SUPPRESSED,
}

Entries = Mapping[str, Mapping[str, Any]]
"""JSON objects by the address that they are about, in lower case; one about the whole call stands under `all`."""


class ZeroBounceSettings(BaseModel):
    """`[providers.zerobounce]`. `base_url` may be that of a region, such as https://api-eu.zerobounce.net."""

    api_key: HeaderSecret | None = None
    base_url: BaseUrl = "https://api.zerobounce.net"
    credits_per_day: Annotated[Decimal, Field(ge=0)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=200)] = 100
    batches_per_minute: Annotated[int, Field(ge=1)] = 30


class ZeroBounce:
    """Gives `Later` to those for whom the credits did not last, `Unfinished` to those whom an answer leaves out."""

    name = "zerobounce"

    def __init__(self, settings: ZeroBounceSettings, clock: Clock, http: Http | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http or Http(total_seconds=SECONDS)
        self._key_was_good = False

    @property
    def services(self) -> Sequence[Service]:
        if self._settings.api_key is None:
            return ()
        offer = Offer(self.name, Operation.VERIFY, _PRICE, (frozenset({"email"}),), frozenset({VERDICT}))
        # One batch too many blocks the account: a twentieth is left free, of 30 two.
        limit = RateLimit(max(1, self._settings.batches_per_minute * 19 // 20), timedelta(minutes=1))
        return (Service(offer, (limit,), batch=self._settings.batch_size, at_once=2),)

    async def check_key(self) -> None:
        """Asks for the balance, which costs nothing. Raises what the answer means."""
        if self._settings.api_key is None:
            raise KeyRefused("set providers.zerobounce.api_key", scope=Scope.PROVIDER)
        key = quote(self._settings.api_key.get_secret_value(), safe="")
        try:
            answer = await self._http.request(
                "GET", f"{self._settings.base_url}/v2/getcredits?api_key={key}", headers={}
            )
        except (NotSent, AnswerLost) as error:
            raise Transient(f"ZeroBounce was not reached: {error}", scope=Scope.PROVIDER) from error
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        left = (_body(answer) or {}).get("Credits")
        if not isinstance(left, str | int):
            raise Transient("ZeroBounce's answer has no balance (200)", scope=Scope.PROVIDER)
        if str(left) == "-1":
            told = "ZeroBounce does not accept the key (200); correct providers.zerobounce.api_key"
            raise KeyRefused(told, scope=Scope.PROVIDER)

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply]:
        assert operation is Operation.VERIFY
        addresses = [answers.address(question.facts.email) for question in questions]
        wanted = [address for address in addresses if address is not None]
        items, errors = await self._validated(wanted) if wanted else ({}, {})
        return [_reply(address, items, errors) for address in addresses]

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply]:  # noqa: ARG002 - the port's
        raise AssertionError("ZeroBounce has no jobs")

    async def _validated(self, addresses: Sequence[str]) -> tuple[Entries, Entries]:
        """What it says of the addresses, and its errors."""
        answer = await self._post(addresses)
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        told = answers.unspoilt(answer, "ZeroBounce")
        items = _entries(told.get("email_batch"), "address")
        errors = _entries(told.get("errors"), "email_address")
        asked = {address.casefold() for address in addresses}
        if asked & items.keys():
            self._key_was_good = True
            return items, errors
        complaints = [complaint for entry in (told, *errors.values()) if (complaint := _complaint(entry))]
        if trouble := self._trouble(" ".join(complaints), answer.status):
            raise trouble
        if asked & errors.keys():
            return items, errors
        if complaints:
            raise Transient("ZeroBounce answers with an error (200)", scope=Scope.PROVIDER)
        raise Uncertain("ZeroBounce's answer says nothing of what was asked (200)", scope=Scope.PROVIDER)

    async def _post(self, addresses: Sequence[str]) -> Answer:
        if self._settings.api_key is None:
            raise KeyRefused("set providers.zerobounce.api_key", scope=Scope.PROVIDER)
        asked = {
            "api_key": self._settings.api_key.get_secret_value(),
            "email_batch": [{"email_address": address, "ip_address": None} for address in addresses],
            "timeout": 30,
        }
        target = f"{self._settings.base_url}/v2/validatebatch"
        headers = {"Content-Type": "application/json"}
        try:
            return await self._http.request("POST", target, headers=headers, content=json.dumps(asked).encode())
        except NotSent as error:
            raise Transient(f"ZeroBounce was not reached: {error}", scope=Scope.PROVIDER) from error
        except AnswerLost as error:
            raise Uncertain(f"ZeroBounce's answer was lost: {error}", scope=Scope.PROVIDER) from error

    def _refused(self, answer: Answer) -> Failure:
        status = answer.status
        asked = answer.retry_after(self._clock.now())
        match status:
            case 403 | 429:
                # 403 is a shield before it, that is up at times, and says nothing of the key.
                told = f"ZeroBounce takes no more calls for now ({status})"
                return RateLimited(told, scope=Scope.PROVIDER, retry_after=asked or BLOCK)
            case 404 | 405:
                told = f"ZeroBounce has no such call ({status}); correct providers.zerobounce.base_url"
                return PlanRefused(told, scope=Scope.PROVIDER)
            case 504 | 520 | 524:
                # Of the proxy before it: the batch went in, what came back was too late or broken.
                told = f"ZeroBounce may have done what was asked and did not answer ({status})"
                return Uncertain(told, scope=Scope.PROVIDER)
            case _ if status >= 500 or status == 408:
                return Transient(f"ZeroBounce is in trouble ({status})", scope=Scope.PROVIDER, retry_after=asked)
        if trouble := self._trouble(_complaint(_body(answer)), status):
            return trouble
        if status == 400:
            return Permanent("ZeroBounce refuses the call (400)", scope=Scope.ITEM)
        # Most often not ZeroBounce: a portal or a firewall before it.
        return Transient(f"ZeroBounce gave {status} instead of an answer", scope=Scope.PROVIDER)

    def _trouble(self, complaint: str, status: int) -> Failure | None:
        """What is wrong with the account. ZeroBounce has one message for a wrong key and for used-up credits: a key
        that was good before is taken for good."""
        if status == 401 or (_KEY.search(complaint) and not (self._key_was_good and "credit" in complaint)):
            told = f"ZeroBounce does not accept the key, or its credits are used up ({status})"
            return KeyRefused(f"{told}; correct providers.zerobounce.api_key, or buy credits", scope=Scope.PROVIDER)
        if status == 402 or "credit" in complaint:
            told = f"ZeroBounce's credits are used up ({status}); buy some, or correct providers.zerobounce.api_key"
            return BudgetExhausted(told, scope=Scope.PROVIDER, retry_after=TOP_UP)
        return None


def _entries(value: object, field: str) -> Entries:
    """Of a list, by the address under `field`; the first one of several."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in answers.objects(value):
        named = answers.text(entry.get(field), 254) if entry else None
        if entry and named:
            found.setdefault((answers.address(named) or named).casefold(), entry)
    return found


def _reply(address: str | None, items: Entries, errors: Entries) -> Reply:
    if address is None:
        return Finding(LookupResult.REFUSED, evidence="zerobounce: not asked, no address")
    if item := items.get(address.casefold()):
        return _finding(address, item)
    own = errors.get(address.casefold())
    complaint = _complaint(own or errors.get("all"))
    if _KEY.search(complaint) or "credit" in complaint:
        return Later(TOP_UP)
    return Unfinished() if own is None else Finding(LookupResult.REFUSED, raw=answers.raw(own))


def _finding(address: str, item: Mapping[str, Any]) -> Reply:
    status, detail = _word(item.get("status")), _word(item.get("sub_status"))
    if status is None:
        return Unfinished()
    # A status that is not known yet is paid for and proves nothing.
    verdict = _VERDICTS.get(status, Verdict.UNKNOWN)
    if status == "do_not_mail" and detail is not None and detail.startswith("role_based"):
        verdict = Verdict.ROLE
    return Finding(
        LookupResult.OBJECTED if verdict is Verdict.SUPPRESSED else LookupResult.FOUND,
        credits=Decimal(0) if status == "unknown" or address.endswith(_SANDBOX) else _PRICE,
        verdict=verdict,
        evidence=f"zerobounce: {status}, {detail}" if detail else f"zerobounce: {status}",
        raw=answers.raw(item),
    )


def _word(value: object) -> str | None:
    """`catch-all` and `Catch_All` are one."""
    text = (answers.text(value, 40) or "").lower().replace("-", "_")
    return text if _WORD.fullmatch(text) else None


def _complaint(entry: Mapping[str, Any] | None) -> str:
    """The text of an error, in lower case. It may quote an address: for looking into, not for repeating."""
    said = (entry or {}).get("error") or (entry or {}).get("Message")
    if isinstance(said, list) and said:
        said = said[0]
    return said.lower() if isinstance(said, str) else ""


def _body(answer: Answer) -> Mapping[str, Any] | None:
    try:
        told = answer.json()
    except Unreadable:
        return None
    return told if isinstance(told, dict) else None

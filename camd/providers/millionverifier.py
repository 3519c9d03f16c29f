"""MillionVerifier: whether an address works, one in a call.

It takes the key in the query only, and answers every trouble with 200. A result that proves something costs a credit;
the same call again is charged again, so a lost answer is `Uncertain`.
Source: developer.millionverifier.com, and help.millionverifier.com on what is charged.
"""

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
from camd.ports.lookups import Finding, Job, Question, Reply, Service
from camd.ports.providers import RateLimit
from camd.providers import answers
from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent

PATIENCE_SECONDS = 15.0
"""Beyond the time that it is given for the mail server."""
TOP_UP = timedelta(hours=1)
"""Until it is tried whether somebody has bought credits."""
_PRICE = Decimal(1)
_RISKY = frozenset({"catch_all", "unknown"})
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_VERDICTS: Mapping[str, Verdict] = {
    "ok": Verdict.VALID,
    "catch_all": Verdict.CATCH_ALL,
    "unknown": Verdict.UNKNOWN,
    "disposable": Verdict.INVALID,
    "invalid": Verdict.INVALID,
}


class MillionVerifierSettings(BaseModel):
    """`[providers.millionverifier]`. No limits are documented: `calls_per_second` is our own modesty. `timeout_seconds`
    is how long it may wait for a mail server. `pays_for_risky` is for the few accounts that are charged for
    `catch_all` and `unknown` too."""

    api_key: HeaderSecret | None = None
    base_url: BaseUrl = "https://api.millionverifier.com"
    credits_per_day: Annotated[Decimal, Field(ge=0)] | None = None
    calls_per_second: Annotated[int, Field(ge=1)] = 5
    timeout_seconds: Annotated[int, Field(ge=2, le=60)] = 20
    pays_for_risky: bool = False


class MillionVerifier:
    name = "millionverifier"

    def __init__(self, settings: MillionVerifierSettings, clock: Clock, http: Http | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http or Http(total_seconds=settings.timeout_seconds + PATIENCE_SECONDS)

    @property
    def services(self) -> Sequence[Service]:
        if self._settings.api_key is None:
            return ()
        offer = Offer(self.name, Operation.VERIFY, _PRICE, (frozenset({"email"}),), frozenset({VERDICT}))
        return (Service(offer, (RateLimit(self._settings.calls_per_second, timedelta(seconds=1)),)),)

    async def check_key(self) -> None:
        """Asks about no address: of a key that it knows it says so, and charges nothing. Raises what the answer
        means."""
        try:
            answer = await self._get("")
        except Uncertain as lost:
            raise Transient(str(lost), scope=Scope.PROVIDER) from lost
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        complaint = answers.unspoilt(answer, "MillionVerifier").get("error")
        said = complaint.lower() if isinstance(complaint, str) else ""
        if said and "mail" not in said:
            raise _trouble(said)

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply]:
        assert operation is Operation.VERIFY
        [question] = questions
        address = answers.address(question.facts.email)
        if address is None:
            return [Finding(LookupResult.REFUSED, evidence="millionverifier: not asked, no address")]
        answer = await self._get(address)
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        return [self._finding(address, answers.unspoilt(answer, "MillionVerifier"))]

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply]:  # noqa: ARG002 - the port's
        raise AssertionError("MillionVerifier has no jobs")

    async def _get(self, address: str) -> Answer:
        if self._settings.api_key is None:
            raise KeyRefused("set providers.millionverifier.api_key", scope=Scope.PROVIDER)
        key = quote(self._settings.api_key.get_secret_value(), safe="")
        query = f"api={key}&email={quote(address, safe='')}&timeout={self._settings.timeout_seconds}"
        try:
            return await self._http.request("GET", f"{self._settings.base_url}/api/v3/?{query}", headers={})
        except NotSent as error:
            raise Transient(f"MillionVerifier was not reached: {error}", scope=Scope.PROVIDER) from error
        except AnswerLost as error:
            raise Uncertain(f"MillionVerifier's answer was lost: {error}", scope=Scope.PROVIDER) from error

    def _finding(self, address: str, told: Mapping[str, Any]) -> Finding:
        result = _word(told.get("result"))
        complaint = told.get("error")
        if result == "error" or (isinstance(complaint, str) and complaint.strip()):
            raise _trouble(complaint.lower() if isinstance(complaint, str) else "")
        about = answers.address(told.get("email"))
        if result is None or (about is not None and about.casefold() != address.casefold()):
            raise Uncertain("MillionVerifier's answer says nothing of what was asked (200)", scope=Scope.PROVIDER)
        # The answers to its test keys are invented.
        is_live = told.get("livemode") is not False
        is_free = not is_live or (result in _RISKY and not self._settings.pays_for_risky)
        detail = _word(told.get("subresult"))
        words = [result, *(name for name in ("role", "free") if told.get(name) is True)]
        words += [detail] if detail not in {None, result} else []
        words += [] if is_live else ["test key"]
        return Finding(
            LookupResult.FOUND,
            credits=Decimal(0) if is_free else _PRICE,
            # A result that is not known yet proves nothing.
            verdict=_VERDICTS.get(result, Verdict.UNKNOWN) if is_live else Verdict.UNKNOWN,
            evidence=f"millionverifier: {', '.join(words)}",
            raw=answers.raw(told),
        )

    def _refused(self, answer: Answer) -> Failure:
        """None of these is documented: most come from what stands before it."""
        status, asked = answer.status, answer.retry_after(self._clock.now())
        match status:
            case 401:
                return _key_refused(status)
            case 402:
                return _no_credits(status)
            case 403 | 429:
                told = f"MillionVerifier takes no more calls for now ({status})"
                return RateLimited(told, scope=Scope.PROVIDER, retry_after=asked)
            case 404 | 405:
                told = f"MillionVerifier has no such call ({status}); correct providers.millionverifier.base_url"
                return PlanRefused(told, scope=Scope.PROVIDER)
            case 504 | 520 | 524:
                # Of a proxy: the question went in, what came back was too late or broken.
                told = f"MillionVerifier may have done what was asked and did not answer ({status})"
                return Uncertain(told, scope=Scope.PROVIDER)
            case _ if status >= 500 or status == 408:
                return Transient(f"MillionVerifier is in trouble ({status})", scope=Scope.PROVIDER, retry_after=asked)
            case 400:
                return Permanent("MillionVerifier refuses the call (400)", scope=Scope.ITEM)
        return Transient(f"MillionVerifier gave {status} instead of an answer", scope=Scope.PROVIDER)


def _trouble(complaint: str) -> Failure:
    """The `error` of an answer with 200, in lower case. It charges for none."""
    if re.search(r"api[ _-]?key", complaint):
        return _key_refused(200)
    if "credit" in complaint:
        return _no_credits(200)
    if re.search(r"\bip\b", complaint):
        told = "MillionVerifier has blocked this machine's address (200); have it unblocked by its support"
        return PlanRefused(told, scope=Scope.PROVIDER)
    if re.search(r"\b(no|invalid|missing)\b.*e-?mail", complaint):
        return Permanent("MillionVerifier refuses the address (200)", scope=Scope.ITEM)
    return Transient("MillionVerifier answers with an error (200)", scope=Scope.PROVIDER)


def _key_refused(status: int) -> Failure:
    told = f"MillionVerifier does not know the key ({status}); correct providers.millionverifier.api_key"
    return KeyRefused(told, scope=Scope.PROVIDER)


def _no_credits(status: int) -> Failure:
    told = f"MillionVerifier's credits are used up ({status}); buy some"
    return BudgetExhausted(told, scope=Scope.PROVIDER, retry_after=TOP_UP)


def _word(value: object) -> str | None:
    text = (answers.text(value, 40) or "").lower()
    return text if _WORD.fullmatch(text) else None

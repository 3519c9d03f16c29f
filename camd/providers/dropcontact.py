"""The provider `dropcontact`: finds the addresses of people by name and company, or profile, in batches.

A batch is submitted in one call and asked for again until it is ready; its results are kept for 30 days, so a daemon
that was away resumes. A credit for each record is taken at submission and given back where no verified address is
found. What happens instead is raised as `Enricher` has it; no message repeats what an answer said.
Source: developer.dropcontact.com/en/quickstart, /errors, /rate-limits and /credits.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, Field

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Permanent,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.waterfall import Offer, Operation
from camd.ports.clock import Clock
from camd.ports.lookups import Job, Question, Reply, Service
from camd.ports.providers import RateLimit
from camd.providers import answers
from camd.providers.dropcontact_record import GIVES, record_of, replies
from camd.providers.http import Answer, AnswerLost, BaseUrl, HeaderSecret, Http, NotSent, Unreadable

FIRST_POLL = POLL = timedelta(seconds=30)
SLOW_AFTER, SLOW_POLL = timedelta(minutes=10), timedelta(minutes=5)
FORCED_AFTER = timedelta(minutes=60)
LOST_AFTER = timedelta(hours=24)
KEPT = timedelta(days=30)
"""Dropcontact forgets results that are older."""
FEWER_AFTER = timedelta(seconds=5)
_PASSED_ON = frozenset({504, 520, 524})
"""A gateway handed the request on and gave up waiting: the batch may be in work."""
_NEEDS = (
    frozenset({"first_name", "last_name", "domain"}),
    frozenset({"first_name", "last_name", "company"}),
    frozenset({"linkedin_url"}),
)
_CREDITS = re.compile(r"credit|quota")
_KEY = re.compile(r"\b(?:account|key)\b")


def _living_host(url: str) -> str:
    if (urlsplit(url).hostname or "").endswith("dropcontact.io"):
        raise ValueError("must not be at dropcontact.io, which answers no more: https://api.dropcontact.com")
    return url


class DropcontactSettings(BaseModel):
    """`[providers.dropcontact]`. A job has at most `batch_size` people; `jobs_at_once` may be open."""

    api_key: HeaderSecret | None = None
    base_url: Annotated[BaseUrl, AfterValidator(_living_host)] = "https://api.dropcontact.com"
    credits_per_day: Decimal | None = Field(default=None, ge=0)
    batch_size: int = Field(default=250, ge=1, le=250)
    jobs_at_once: int = Field(default=4, ge=1)
    calls_per_second: int = Field(default=60, ge=1)


class Dropcontact:
    """An `Enricher` that answers by jobs."""

    name = "dropcontact"

    def __init__(self, settings: DropcontactSettings, clock: Clock, http: Http | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http or Http()
        self._left: int | None = None  # credits, as far as they are known

    @property
    def services(self) -> Sequence[Service]:
        if self._settings.api_key is None:
            return ()
        # A batch that the balance does not cover is refused as a whole.
        size = self._settings.batch_size
        batch = size if self._left is None else max(1, min(size, self._left))
        offer = Offer(self.name, Operation.FIND, Decimal(1), _NEEDS, GIVES)
        limits = (RateLimit(self._settings.calls_per_second, timedelta(seconds=1)),)
        return (Service(offer, limits, batch=batch, at_once=self._settings.jobs_at_once),)

    async def check_key(self) -> None:
        """Asks for the balance, which costs nothing. Raises what the answer means."""
        try:
            answer = await self._request("GET", "account/credits")
        except (NotSent, AnswerLost) as error:
            raise Transient(f"Dropcontact was not reached: {error}", scope=Scope.PROVIDER) from error
        if not _is_good(answer):
            raise self._refused(answer)

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Job:
        assert operation is Operation.FIND, operation
        # Without a language the words of a qualification would come in French.
        body = {"data": [record_of(question) for question in questions], "siren": False, "language": "en"}
        try:
            answer = await self._request("POST", "enrich/all", body)
        except NotSent as error:
            raise Transient(f"Dropcontact was not reached: {error}", scope=Scope.PROVIDER) from error
        except AnswerLost as error:
            raise Uncertain(f"Dropcontact's answer to a batch was lost: {error}", scope=Scope.PROVIDER) from error
        if answer.status in _PASSED_ON:
            raise Uncertain(f"Dropcontact's answer to a batch was lost ({answer.status})", scope=Scope.PROVIDER)
        if not _is_good(answer):
            raise self._noting(self._refused(answer), len(questions))
        told = answers.unspoilt(answer, "Dropcontact's answer to a batch")
        if told.get("error"):
            refused = Permanent(f"Dropcontact refuses a batch ({answer.status})", scope=Scope.ITEM)
            raise self._noting(_by_reason(answer) or refused, len(questions))
        request_id = answers.text(told.get("request_id"))
        if told.get("success") is not True or request_id is None:
            raise Uncertain("Dropcontact's answer to a batch has no request_id", scope=Scope.PROVIDER)
        self._learn(answers.whole(told.get("credits_left")))
        now = self._clock.now()
        return Job(request_id, submitted_at=now, poll_at=now + FIRST_POLL)

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        """Raises `Uncertain` where the batch failed or is lost: then nobody tells whether its credits came back.
        Whatever else goes wrong is `Transient`: the result stays where it is, and asking for it costs nothing."""
        try:
            return await self._polled(job, questions)
        except (Transient, Permanent) as failure:
            if self._clock.now() - job.submitted_at >= KEPT:
                raise Uncertain(
                    f"no result of a batch in {KEPT.days} days: {failure}", scope=Scope.PROVIDER
                ) from failure
            if isinstance(failure, Permanent):
                raise Transient(str(failure), scope=Scope.PROVIDER) from failure
            raise

    async def _polled(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        # By its appointment, not by the clock: after a pause of the daemon the first poll is a plain one again, for a
        # forced result does not tell who was not found from who was not looked for.
        is_forced = job.poll_at - job.submitted_at >= FORCED_AFTER
        query = "?forceResults=true" if is_forced else ""
        try:
            answer = await self._request("GET", f"enrich/all/{quote(job.id, safe='')}{query}")
            told: Any = answer.json() if _is_good(answer) else None
        except (NotSent, AnswerLost, Unreadable) as error:
            raise Transient(f"Dropcontact did not answer about a batch: {error}", scope=Scope.PROVIDER) from error
        if not _is_good(answer):
            raise self._refused(answer)
        match told:
            case {"error": error} if error:
                reason = _by_reason(answer)
                failed = Uncertain("Dropcontact failed to work on a batch", scope=Scope.PROVIDER)
                raise reason if isinstance(reason, KeyRefused) else failed
            case {"success": True, "data": list(records)}:
                self._learn(answers.whole(told.get("credits_left")))
                return replies(questions, answers.objects(records), is_forced=is_forced)
            case {"success": False}:
                return self._pending(job, is_forced=is_forced)
        raise Transient("Dropcontact's answer about a batch has no result", scope=Scope.PROVIDER)

    async def _request(self, method: str, target: str, body: object = None) -> Answer:
        key = self._settings.api_key
        if key is None:
            raise KeyRefused("set providers.dropcontact.api_key", scope=Scope.PROVIDER)
        headers = {"X-Access-Token": key.get_secret_value()}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body, separators=(",", ":")).encode()
        url = f"{self._settings.base_url}/v1/{target}"
        return await self._http.request(method, url, headers=headers, content=content)

    def _refused(self, answer: Answer) -> Failure:
        wait = answer.retry_after(self._clock.now())
        match answer.status:
            case 401:
                return _key_refused(401)
            case 403:
                return _by_reason(answer) or _no_credits(403)
            case 429:
                return RateLimited("Dropcontact was asked too much (429)", scope=Scope.PROVIDER, retry_after=wait)
            case status if status >= 500 or status == 408:
                return Transient(f"Dropcontact is in trouble ({status})", scope=Scope.PROVIDER, retry_after=wait)
            case status if status < 400:
                # Most often not Dropcontact: a portal or a firewall before it.
                return Transient(f"Dropcontact gave {status} instead of an answer", scope=Scope.PROVIDER)
            case status:
                return Permanent(f"Dropcontact refuses the request ({status})", scope=Scope.ITEM)

    def _noting(self, failure: Failure, asked: int) -> Failure:
        """The balance did not cover so many. Fewer are tried soon; a long rest is for one that it does not cover."""
        if not isinstance(failure, BudgetExhausted):
            return failure
        self._left = asked // 2
        soon = FEWER_AFTER if asked > 1 else None
        return BudgetExhausted(str(failure), scope=failure.scope, retry_after=soon)

    def _learn(self, left: int | None) -> None:
        self._left = left if left is not None else self._left

    def _pending(self, job: Job, *, is_forced: bool) -> Job:
        # The same is said of a batch that Dropcontact does not know: only our own deadline can tell.
        now = self._clock.now()
        age = now - job.submitted_at
        if is_forced and age >= LOST_AFTER:
            raise Uncertain("Dropcontact gave no result of a batch in 24 hours", scope=Scope.PROVIDER)
        wait = SLOW_POLL if age >= SLOW_AFTER else POLL
        return replace(job, poll_at=now + wait * _jitter(job), polls=job.polls + 1)


def _is_good(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _by_reason(answer: Answer) -> Failure | None:
    """What the reason tells where the status does not; credits first, as they are those of an account."""
    told: object = None
    with suppress(Unreadable):
        told = answer.json()
    reason = str(told.get("reason")).lower() if isinstance(told, dict) else ""
    if _CREDITS.search(reason):
        return _no_credits(answer.status)
    return _key_refused(answer.status) if _KEY.search(reason) else None


def _no_credits(status: int) -> BudgetExhausted:
    mend = "buy some, or leave dropcontact out of the campaigns' enrichment.providers"
    return BudgetExhausted(f"Dropcontact's credits do not cover a batch ({status}); {mend}", scope=Scope.PROVIDER)


def _key_refused(status: int) -> KeyRefused:
    mend = "set providers.dropcontact.api_key to the key of your account"
    return KeyRefused(f"Dropcontact does not accept the key ({status}); {mend}", scope=Scope.PROVIDER)


def _jitter(job: Job) -> float:
    """A factor in [0.8, 1.2), the same for the same poll of the same job."""
    digest = hashlib.sha256(f"{job.id}:{job.polls}".encode()).digest()
    return 0.8 + 0.4 * int.from_bytes(digest[:4], "big") / 2**32

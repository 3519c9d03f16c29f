"""Questions to Hunter about one person: an address by name and company, and whether an address works.

An answer with 202 or 222 holds no verdict, whatever is in it: it is asked for again until the waits are used up, and
then the verdict is `unknown`. A lost answer is asked for again; in the month that costs nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from camd.domain.contact import linkedin_key
from camd.domain.errors import Permanent, Scope
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import VERDICT, LookupResult, Offer, Operation, known_facts
from camd.ports.clock import Clock
from camd.ports.lookups import Finding, Job, Later, Memory, Question, Reply, Service
from camd.ports.providers import RateLimit
from camd.providers import answers
from camd.providers import csv_values as values
from camd.providers.http import Answer, Http
from camd.providers.hunter_api import (
    CLAIMED,
    HunterApi,
    HunterSettings,
    Refused,
    evidence_of,
    read_object,
    verdict_of,
)

_ROUND = tuple(timedelta(seconds=seconds) for seconds in (2, 4, 8, 10, 10, 10))
CHECKING_WAITS = _ROUND + 5 * (timedelta(minutes=15), *_ROUND)
"""Between askings after 202: Hunter is still checking."""
ODD_WAITS = (timedelta(hours=1), timedelta(hours=6))
"""After 222: the mail server that was probed said something odd."""
AT_ONCE = 20
"""A call may take 20 s."""
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# Hunter allows 10 a second and 300 a minute to verify, 15 and 500 to find; burst and count together stay below.
_VERIFY_LIMITS = (RateLimit(8, _SECOND), RateLimit(280, _MINUTE, burst=12))
_FIND_LIMITS = (RateLimit(12, _SECOND, burst=2), RateLimit(480, _MINUTE, burst=12))
_FIND_PRICE = Decimal(1)
_BY_DOMAIN = frozenset({"first_name", "last_name", "domain"})
_BY_COMPANY = frozenset({"first_name", "last_name", "company"})
_BY_PROFILE = frozenset({"linkedin_url"})
_GIVES = frozenset({"email", "title", "company", "linkedin_url", "phone"})


class HunterLookups:
    """Finds and verifies, one person a call."""

    name = "hunter"

    def __init__(self, settings: HunterSettings, clock: Clock, http: Http | None = None) -> None:
        self._settings = settings
        self._api = HunterApi(settings, clock, http or Http())

    @property
    def services(self) -> Sequence[Service]:
        if not self._api.has_key:
            return ()
        needs = (_BY_DOMAIN, _BY_COMPANY, _BY_PROFILE)
        find = Offer(self.name, Operation.FIND, _FIND_PRICE, needs, _GIVES)
        price = self._settings.verification_credits
        verify = Offer(self.name, Operation.VERIFY, price, (frozenset({"email"}),), frozenset({VERDICT}))
        return (
            Service(find, _FIND_LIMITS, at_once=AT_ONCE, is_repeatable=True),
            Service(verify, _VERIFY_LIMITS, at_once=AT_ONCE, is_repeatable=True),
        )

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply]:
        [question] = questions
        assert operation in {Operation.FIND, Operation.VERIFY}
        try:
            return [await (self._find(question) if operation is Operation.FIND else self._verify(question))]
        except Refused as refused:
            if refused.status != CLAIMED:
                raise
            return [Finding(LookupResult.OBJECTED, evidence="hunter: the owner claimed the address")]

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply]:
        """It has no jobs."""
        raise Permanent(f"Hunter has no job {job.id} of {len(questions)}", scope=Scope.PROVIDER)

    async def _find(self, question: Question) -> Finding:
        who = _who(question.facts) | {"max_duration": str(self._settings.max_duration)}
        person, _ = read_object(await self._api.get("email-finder", who), proof="email")
        if not person["email"]:
            return Finding(LookupResult.NO_MATCH, evidence="hunter: nothing found", raw=answers.raw(person))
        facts, verdict, evidence = _facts(person, names_are_known="first_name" in who), None, None
        if facts.email is not None:
            given = person.get("verification")
            check = given if isinstance(given, dict) else {}
            verdict = verdict_of(check.get("status"), person.get("accept_all"))
            evidence = evidence_of(check.get("status"), person.get("score"), check.get("date"))
        return Finding(
            LookupResult.FOUND, _FIND_PRICE, facts, verdict=verdict, evidence=evidence, raw=answers.raw(person)
        )

    async def _verify(self, question: Question) -> Reply:
        address = question.facts.email
        if address is None:
            raise Permanent("Hunter cannot verify without an address", scope=Scope.ITEM)
        try:
            answer = await self._api.get("email-verifier", {"email": address})
        except Refused as refused:
            if refused.reason != "invalid_email":
                raise
            return Finding(LookupResult.FOUND, verdict=Verdict.INVALID, evidence="hunter: invalid_email")
        match answer.status:
            case 202:
                return self._again(question.memory, "checking", CHECKING_WAITS, answer)
            case 222:
                return self._again(question.memory, "odd", ODD_WAITS, answer)
        told, _ = read_object(answer, proof="status")
        evidence = evidence_of(told["status"], told.get("score"))
        if told.get("block") is True:
            evidence += ", its probe was blocked"
        verdict = verdict_of(told["status"]) or Verdict.UNKNOWN
        return self._verified(verdict, evidence, answers.raw(told))

    def _again(self, memory: Memory, what: str, waits: Sequence[timedelta], answer: Answer) -> Reply:
        times = answers.whole(memory.get(what)) or 0
        if times >= len(waits):
            return self._verified(Verdict.UNKNOWN, f"hunter: no verdict, {answer.status} each time")
        return Later(self._api.asked_to_wait(answer) or waits[times], {**memory, what: times + 1})

    def _verified(self, verdict: Verdict, evidence: str, raw: str | None = None) -> Finding:
        # Whether `unknown` is charged is not documented, so it is counted.
        price = self._settings.verification_credits
        return Finding(LookupResult.FOUND, price, verdict=verdict, evidence=evidence, raw=raw)


def _who(facts: Facts) -> dict[str, str]:
    """The best of what is known of the person as parameters. Raises `Permanent` where it is not enough."""
    known = known_facts(facts)
    if known >= _BY_DOMAIN or known >= _BY_COMPANY:
        company = "domain" if known >= _BY_DOMAIN else "company"
        return {name: str(getattr(facts, name)) for name in (company, "first_name", "last_name")}
    profile = linkedin_key(facts.linkedin_url)
    if profile is None:
        raise Permanent("Hunter cannot find a person by so little", scope=Scope.ITEM)
    handle = {"linkedin_handle": unquote(profile.rpartition("/")[2])}
    return handle | ({"domain": str(facts.domain)} if "domain" in known else {})


def _facts(person: dict[str, Any], *, names_are_known: bool) -> Facts:
    """Without the names that it was asked with."""
    phone, host = answers.text(person.get("phone_number"), most=50), answers.text(person.get("domain"))
    return Facts(
        email=answers.address(person["email"]),
        first_name=None if names_are_known else answers.text(person.get("first_name")),
        last_name=None if names_are_known else answers.text(person.get("last_name")),
        title=answers.text(person.get("position")),
        company=answers.text(person.get("company")),
        domain=values.company_host(host) if host else None,
        linkedin_url=linkedin_key(answers.text(person.get("linkedin_url"), most=500)),
        phone=values.phone_number(phone, None) if phone else None,
    )

"""Apollo's `bulk_match`: who is this, for about a credit a person found, up to ten people a call.

The answers are given to the questions by what they say of themselves, not by their place: Apollo promises no order. One
that fits no question is given to nobody. What the call cost is shared among those who were found, to the thousandth.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from camd.domain.contact import folded, linkedin_key, name_key, parse_address
from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.waterfall import REF, LookupResult, Offer, Operation, known_facts
from camd.ports.clock import Clock
from camd.ports.lookups import Finding, Job, Question, Reply, Service
from camd.providers import answers
from camd.providers.apollo_api import MATCH, MOST_AT_ONCE, ApolloApi, ApolloSettings
from camd.providers.apollo_person import LEARNED, facts_of, verdict_of
from camd.providers.http import Http

PRICE = Decimal(1)
_THOUSANDTH = Decimal("0.001")
_PARAMETERS = {
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "domain": "domain",
    "company": "organization_name",
    "linkedin_url": "linkedin_url",
}
_OFFER = Offer(
    provider="apollo",
    operation=Operation.MATCH,
    price=PRICE,
    needs=(
        frozenset({REF}),
        frozenset({"linkedin_url"}),
        frozenset({"email"}),
        frozenset({"first_name", "last_name", "domain"}),
        frozenset({"first_name", "last_name", "company"}),
    ),
    gives=LEARNED,
)


class ApolloEnricher:
    name = "apollo"

    def __init__(self, settings: ApolloSettings, clock: Clock, http: Http | None = None) -> None:
        self._api = ApolloApi(settings, clock, http or Http())

    @property
    def services(self) -> Sequence[Service]:
        if self._api.problems():
            return ()
        return (Service(_OFFER, self._api.limits[MATCH].rates(), batch=MOST_AT_ONCE),)

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        assert operation is Operation.MATCH, f"Apollo is not asked to {operation}"
        assert 0 < len(questions) <= MOST_AT_ONCE, f"{len(questions)} questions do not fit into a call"
        told = await self._api.match([_detail(question.facts) for question in questions])
        items = answers.objects(told["matches"])
        findings = [_finding(item) for item in _paired([question.facts for question in questions], items)]
        cost = answers.credits(told.get("credits_consumed"))
        if cost is None:
            # As in an answer of Apollo's own waterfall: then whoever it shows has the price of the list.
            cost = PRICE * sum(item is not None for item in items)
        return _priced(findings, cost)

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        raise AssertionError(f"Apollo has no job {job.id} for {len(questions)} questions: it answers at once")


def _own_id(facts: Facts) -> str | None:
    return facts.source_ref if facts.source == _OFFER.provider else None


def _detail(facts: Facts) -> Mapping[str, str]:
    """What Apollo is told about a person: its own id, which says it all, or else whatever is known."""
    if ref := _own_id(facts):
        return {"id": ref}
    known = known_facts(facts)
    return {parameter: getattr(facts, name) for name, parameter in _PARAMETERS.items() if name in known}


Item = dict[str, Any]
_Who = tuple[str | None, Facts]
"""Apollo's id and the facts: of a question what it asks by, of an item what it tells."""

_KEYS: Sequence[Callable[[_Who], str | None]] = (
    lambda who: who[0],
    lambda who: linkedin_key(who[1].linkedin_url),
    lambda who: _address_key(who[1].email),
    lambda who: name_key(who[1].first_name, who[1].last_name, who[1].domain),
    lambda who: _name_at(who[1].first_name, who[1].last_name, who[1].company),
)
"""By which a question and an item are about one person, the most certain first."""
_CONTRADICTIONS: Sequence[Callable[[_Who], str | None]] = (
    _KEYS[0],
    _KEYS[1],
    lambda who: folded(who[1].last_name or "") if "last_name" in known_facts(who[1]) else None,
)
"""By which they are about two."""


def _paired(asked: Sequence[Facts], items: Sequence[Item | None]) -> Sequence[Item | None]:
    """For each question its item, each item given once."""
    askers = [(_own_id(facts), facts) for facts in asked]
    told: dict[int, _Who] = {
        place: (answers.text(item.get("id")), facts_of(item)) for place, item in enumerate(items) if item is not None
    }
    pairs: dict[int, int] = {}
    for key in _KEYS:
        for number, asker in enumerate(askers):
            wanted = key(asker)
            if number in pairs or wanted is None:
                continue
            if (place := next((place for place, who in told.items() if key(who) == wanted), None)) is not None:
                pairs[number] = place
                del told[place]
    if len(items) == len(asked):
        for place, who in told.items():
            if place not in pairs and not _contradict(askers[place], who):
                pairs[place] = place
    return [items[pairs[number]] if number in pairs else None for number in range(len(asked))]


def _contradict(asker: _Who, told: _Who) -> bool:
    return any((one := key(asker)) and (other := key(told)) and one != other for key in _CONTRADICTIONS)


def _address_key(email: str | None) -> str | None:
    try:
        return parse_address(email).key if email else None
    except Invalid:
        return None


def _name_at(first: str | None, last: str | None, company: str | None) -> str | None:
    names = [folded(name or "") for name in (first, last, company)]
    return "|".join(names) if all(names) else None


def _finding(item: Item | None) -> Finding:
    """Not yet priced."""
    if item is None:
        return Finding(LookupResult.NO_MATCH, evidence="apollo: no match")
    facts, ref, raw = facts_of(item), answers.text(item.get("id")), answers.raw(item)
    refs = (ref,) if ref else ()
    if facts == Facts():
        return Finding(LookupResult.NO_MATCH, evidence="apollo: nothing known", refs=refs, raw=raw)
    verdict, evidence = verdict_of(item) if facts.email else (None, "apollo: no address")
    return Finding(LookupResult.FOUND, facts=facts, verdict=verdict, evidence=evidence, refs=refs, raw=raw)


def _priced(findings: Sequence[Finding], total: Decimal) -> Sequence[Finding]:
    """With their shares of what the call cost; where nobody was found, of what was paid for nothing."""
    payers = [number for number, each in enumerate(findings) if each.result is LookupResult.FOUND]
    payers = payers or list(range(len(findings)))
    share = (total / len(payers)).quantize(_THOUSANDTH, ROUND_DOWN)
    shares = dict.fromkeys(payers, share) | {payers[-1]: total - share * (len(payers) - 1)}
    return [replace(each, credits=shares.get(number, Decimal(0))) for number, each in enumerate(findings)]

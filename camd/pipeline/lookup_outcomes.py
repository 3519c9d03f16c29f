"""What became of paid questions, written down in the caller's transaction: the receipt, the credits, and whoever waits.

An answer is kept with its question; what it means for a lead the campaign's own next cycle decides. Only an objection
takes effect here and now.
"""

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import assert_never

from camd.domain.campaign import Campaign
from camd.domain.errors import Failure, Permanent, Scope, Uncertain
from camd.domain.events import ENGINE
from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import Action, Lead, LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason, parse_value
from camd.domain.waterfall import LookupResult, LookupStatus, Offer, Operation, likeness_of, subjects_of
from camd.pipeline import credit_budget, record
from camd.pipeline.context import Context
from camd.pipeline.learned import UNUSABLE, merged
from camd.pipeline.recognise import believable
from camd.ports.lookups import (
    NOTHING,
    Asking,
    Finding,
    Job,
    JobId,
    Later,
    Lookup,
    LookupAnswer,
    Question,
    Reply,
    Service,
    Unfinished,
)
from camd.ports.records import Candidate
from camd.ports.store import Tx

LOST_AT_MOST = 5
"""So often a question that is repeated for nothing is asked, if no answer comes back."""
LOST_RETRY = timedelta(minutes=1)
GIVEN_UP_AT_ONCE = 500
EVER = timedelta(days=36_500)

Woken = frozenset[CampaignId]
"""Campaigns that have something to look at."""


def want(tx: Tx, offer: Offer, campaign_id: CampaignId, about: LeadId | Candidate, facts: Facts, now: datetime) -> None:
    """Writes a question down, to be asked when campaign, budget and provider allow."""
    candidate_id = about.id if isinstance(about, Candidate) else None
    likeness = likeness_of(facts) if offer.operation is not Operation.VERIFY else None
    tx.lookups.want(
        Asking(
            provider=offer.provider,
            operation=offer.operation,
            campaign_id=campaign_id,
            lead_id=None if isinstance(about, Candidate) else about,
            candidate_id=candidate_id,
            price=offer.price,
            likeness=_hashed(tx, [likeness])[0] if likeness is not None else None,
            subjects=names_of(tx, offer.provider, offer.operation, facts),
        ),
        now,
    )


def about_leads(tx: Tx, leads: Sequence[Lead]) -> Mapping[LeadId, Sequence[Lookup]]:
    """What was asked about each of them, oldest first; about an address only that which the lead has now."""
    asked = tx.lookups.of_leads([lead.id for lead in leads])
    return {
        lead.id: [lookup for lookup in asked[lead.id] if is_about(tx, lookup, lead)]
        for lead in leads
        if lead.id in asked
    }


def is_about(tx: Tx, lookup: Lookup, lead: Lead) -> bool:
    """False for a question about an address that the lead no longer has."""
    if lookup.operation is not Operation.VERIFY:
        return True
    return set(names_of(tx, lookup.provider, lookup.operation, lead.facts)) == set(tx.lookups.subjects(lookup.id))


def names_of(tx: Tx, provider: str, operation: Operation, facts: Facts) -> tuple[str, ...]:
    """Keyed hashes of what a question about this person is known by."""
    return _hashed(tx, subjects_of(provider, operation, facts))


def lost_counterpart(lookup: Lookup) -> Sequence[str]:
    """The name of a lost answer that may be about the same person, though nobody can tell: a stub has a masked name,
    and whoever has a whole one no id of the provider's. Two stubs, or two whole names, are two people."""
    if lookup.likeness is None:
        return ()
    return (_lost_name(lookup.likeness, of_stub=lookup.candidate_id is None),)


def _lost_name(likeness: str, *, of_stub: bool) -> str:
    return f"lost {'stub' if of_stub else 'lead'}:{likeness}"


def _hashed(tx: Tx, names: Iterable[str]) -> tuple[str, ...]:
    key = tx.instance.key()
    return tuple(hmac.digest(key, f"lookup:{name}".encode(), "sha256").hex() for name in names)


def settle(tx: Tx, ctx: Context, lookups: Sequence[Lookup], replies: Sequence[Reply], now: datetime) -> Woken:
    """Writes down the answers to questions that are in flight, one for each."""
    woken = set()
    for lookup, reply in zip(lookups, replies, strict=True):
        match reply:
            case Finding():
                _found(tx, ctx, lookup, reply, now)
            case Later() if _is_gone(tx, lookup):
                _uncertain(tx, lookup, now)
            case Later(after, memory):
                _put_back(tx, replace(lookup, not_before=now + after, memory=memory), lookup)
            case Unfinished():
                _uncertain(tx, lookup, now)
            case never:
                assert_never(never)
        woken.add(lookup.campaign_id)
    return frozenset(woken)


def settle_failure(tx: Tx, service: Service, lookups: Sequence[Lookup], failure: Failure, now: datetime) -> Woken:
    """No answers came: asked again, later or alone, where that costs nothing twice; else uncertain for good."""
    for lookup in lookups:
        match failure:
            case Uncertain():
                _lost(tx, lookup, now, is_repeatable=service.is_repeatable)
            case Permanent() if len(lookups) > 1:
                _put_back(tx, replace(lookup, tries=lookup.tries + 1), lookup)
            case Permanent():
                _refused(tx, lookup, now)
            case Failure(scope=Scope.PROVIDER):
                _put_back(tx, lookup, lookup)
            case _:
                # No rest of the provider comes of it, so the question itself waits.
                _put_back(tx, replace(lookup, not_before=now + LOST_RETRY), lookup)
    return frozenset(lookup.campaign_id for lookup in lookups)


def settle_interrupted(tx: Tx, provider: str, services: Sequence[Service], now: datetime) -> tuple[Woken, int]:
    """What a process that ended had asked, without an answer; answers how many are uncertain now too."""
    repeatable = {service.offer.operation for service in services if service.is_repeatable}
    uncertain = 0
    asked = tx.lookups.in_flight(provider)
    for lookup in asked:
        if lookup.operation is Operation.SEARCH:
            # The same page is read again, which costs nothing more.
            close_search(tx, lookup, Decimal(0), now)
        else:
            uncertain += _lost(tx, lookup, now, is_repeatable=lookup.operation in repeatable)
    return frozenset(lookup.campaign_id for lookup in asked), uncertain


def settle_copy(tx: Tx, ctx: Context, wanted: Lookup, copied: Lookup, now: datetime) -> None:
    """Answers a question that was never asked with the answer to another one."""
    tx.lookups.save(wanted, replace(copied, spent=Decimal(0)))
    if copied.result is LookupResult.OBJECTED and copied.answer is not None:
        _suppress(tx, ctx, wanted, copied.answer.facts.email, now, keep_value=True)
    _tell(tx, copied, now)


def await_job(tx: Tx, provider: str, operation: Operation, lookups: Sequence[Lookup], job: Job) -> None:
    """The provider works on them; the credits stay reserved."""
    job_id = tx.lookups.add_job(provider, operation, job)
    for lookup in lookups:
        tx.lookups.save(lookup, replace(lookup, status=LookupStatus.PENDING, job_id=job_id))


def questions_of(tx: Tx, job_id: JobId) -> tuple[Sequence[Lookup], Sequence[Question]]:
    """What was asked in a job, as it is known now; about somebody who is gone meanwhile nothing is known."""
    lookups = tx.lookups.of_job(job_id)
    questions = [Question(str(lookup.id), _asked_about(tx, lookup) or Facts(), lookup.memory) for lookup in lookups]
    return lookups, questions


def end_job(tx: Tx, job_id: JobId, lookups: Sequence[Lookup], now: datetime) -> Woken:
    """There will be no answer, and perhaps it was paid for."""
    tx.lookups.end_job(job_id)
    for lookup in lookups:
        _uncertain(tx, lookup, now)
    return frozenset(lookup.campaign_id for lookup in lookups)


def open_search(tx: Tx, campaign: Campaign, provider: str, price: Decimal, now: datetime) -> Lookup:
    """Writes down, and reserves the credits of, a read of a source that is made at once."""
    for left in tx.lookups.in_flight(provider):
        # A cycle that was cut short made it, and it is made again now.
        if left.operation is Operation.SEARCH and left.campaign_id == campaign.id:
            close_search(tx, left, Decimal(0), now)
    asking = Asking(provider, Operation.SEARCH, campaign.id, None, None, price, None, ())
    wanted = tx.lookups.want(asking, now)
    credit_budget.reserve(tx, campaign, provider, price, now)
    return tx.lookups.save(wanted, replace(wanted, status=LookupStatus.ASKED, asked_at=now))


def close_search(tx: Tx, opened: Lookup, spent: Decimal, now: datetime) -> None:
    _pay(tx, opened, spent)
    result = LookupResult.FOUND if spent else LookupResult.NO_MATCH
    tx.lookups.save(opened, replace(opened, status=LookupStatus.DONE, settled_at=now, result=result, spent=spent))


def give_up(tx: Tx, provider: str, operations: Collection[Operation], now: datetime) -> tuple[Woken, bool]:
    """These nobody will answer until a person mends something: leads go on with others. Stubs wait, as nobody else
    knows who they are. True where there may be more."""
    if not any(tx.lookups.campaigns_due(provider, operation, now + EVER) for operation in operations):
        return frozenset(), False
    wanted = tx.lookups.wanted(provider, GIVEN_UP_AT_ONCE)
    given_up = [lookup for lookup in wanted if lookup.operation in operations]
    for lookup in given_up:
        withdraw(tx, lookup, now)
    return frozenset(lookup.campaign_id for lookup in given_up), bool(given_up) and len(wanted) == GIVEN_UP_AT_ONCE


def withdraw(tx: Tx, lookup: Lookup, now: datetime) -> None:
    """A question that nobody wants to be asked any more; its lead goes on without it."""
    if lookup.memory or lookup.tries:
        # It was asked before, and may have been paid for.
        left = replace(lookup, status=LookupStatus.UNCERTAIN, settled_at=now, denied=None, memory=NOTHING)
        tx.lookups.save(lookup, left)
    else:
        tx.lookups.drop(lookup.id)
    wake(tx, lookup.lead_id, now)


def wake(tx: Tx, lead_id: LeadId | None, now: datetime) -> None:
    """A new lead is looked at again: there is an answer, or there will be none."""
    lead = tx.leads.get(lead_id) if lead_id is not None else None
    if lead is not None and lead.status is LeadStatus.NEW:
        tx.leads.save(lead, replace(lead, next_action=Action.ENRICH, next_action_at=now, waits_for=None))
        tx.campaigns.sleep_until(lead.campaign_id, now)


def _found(tx: Tx, ctx: Context, lookup: Lookup, finding: Finding, now: datetime) -> None:
    told = believable(finding.facts)
    # Without its address a verdict would be about another one.
    verdict = finding.verdict if told.email == finding.facts.email else None
    answer = LookupAnswer(told, verdict, finding.evidence, finding.raw)
    is_gone = _is_gone(tx, lookup)
    done = replace(
        lookup,
        status=LookupStatus.DONE,
        settled_at=now,
        result=finding.result,
        spent=finding.credits,
        answer=None if is_gone else answer,
        memory=NOTHING,
        job_id=None,
    )
    _pay(tx, lookup, finding.credits)
    tx.lookups.save(lookup, done)
    if finding.result is LookupResult.OBJECTED:
        _suppress(tx, ctx, lookup, told.email, now, keep_value=not is_gone)
    if is_gone:
        return
    names = _hashed(tx, [f"ref:{lookup.provider}:{ref}" for ref in finding.refs])
    if lookup.operation is not Operation.VERIFY:
        names += names_of(tx, lookup.provider, lookup.operation, merged(_asked_about(tx, lookup) or Facts(), told))
    tx.lookups.add_subjects(lookup.id, names)
    _tell(tx, done, now)


def _refused(tx: Tx, lookup: Lookup, now: datetime) -> None:
    _pay(tx, lookup, Decimal(0))
    refused = replace(
        lookup, status=LookupStatus.DONE, settled_at=now, result=LookupResult.REFUSED, spent=Decimal(0), memory=NOTHING
    )
    tx.lookups.save(lookup, refused)
    _let_go(tx, refused, now)


def _lost(tx: Tx, lookup: Lookup, now: datetime, *, is_repeatable: bool) -> bool:
    """Nobody knows whether it was answered; true where nobody ever will."""
    tries = lookup.tries + 1
    if is_repeatable and tries < LOST_AT_MOST:
        _put_back(tx, replace(lookup, tries=tries, not_before=now + LOST_RETRY * tries), lookup)
        return False
    _uncertain(tx, lookup, now)
    return True


def _uncertain(tx: Tx, lookup: Lookup, now: datetime) -> None:
    """Its credits stay reserved: they may be gone."""
    settled = replace(lookup, status=LookupStatus.UNCERTAIN, settled_at=now, memory=NOTHING, job_id=None)
    tx.lookups.save(lookup, settled)
    if lookup.likeness is not None:
        tx.lookups.add_subjects(lookup.id, [_lost_name(lookup.likeness, of_stub=lookup.candidate_id is not None)])
    _let_go(tx, settled, now)


def _put_back(tx: Tx, after: Lookup, before: Lookup) -> None:
    """To be asked again; nothing was paid."""
    _pay(tx, before, Decimal(0))
    tx.lookups.save(before, replace(after, status=LookupStatus.WANTED, asked_at=None, job_id=None))


def _pay(tx: Tx, lookup: Lookup, spent: Decimal) -> None:
    campaign = tx.campaigns.get(lookup.campaign_id)
    assert campaign is not None, "a campaign is never deleted"
    assert lookup.asked_at is not None, "only what was asked is paid for"
    credit_budget.give_back(tx, campaign, lookup.provider, lookup.price - spent, lookup.asked_at)


def _asked_about(tx: Tx, lookup: Lookup) -> Facts | None:
    if lookup.lead_id is not None:
        lead = tx.leads.get(lookup.lead_id)
        return None if lead is None else lead.facts
    candidate = tx.candidates.get(lookup.candidate_id) if lookup.candidate_id is not None else None
    return None if candidate is None else candidate.facts


def _is_gone(tx: Tx, lookup: Lookup) -> bool:
    """The person was erased, or taken back with their import: nothing more is learned of them."""
    if lookup.lead_id is not None:
        lead = tx.leads.get(lookup.lead_id)
        return lead is None or lead.state.lost_reason is LostReason.ERASED
    return lookup.candidate_id is not None and tx.candidates.get(lookup.candidate_id) is None


def _tell(tx: Tx, done: Lookup, now: datetime) -> None:
    """Whoever waits for this answer."""
    if done.candidate_id is None:
        wake(tx, done.lead_id, now)
        return
    candidate = tx.candidates.get(done.candidate_id)
    assert candidate is not None, "about somebody who is gone nothing is told"
    if done.result is LookupResult.FOUND and done.answer is not None:
        learned, verdict = done.answer.facts, done.answer.verdict
        if verdict in UNUSABLE:
            # Somebody else may know an address that works.
            learned, verdict = replace(learned, email=None), None
        tx.candidates.identify(candidate.id, merged(candidate.facts, learned), verdict)
    else:
        tx.candidates.remove([candidate.id])
    tx.campaigns.sleep_until(candidate.campaign_id, now)


def _let_go(tx: Tx, settled: Lookup, now: datetime) -> None:
    """There is no answer: a lead goes on without it, a stub can never be known."""
    if settled.candidate_id is not None:
        tx.candidates.remove([settled.candidate_id])
    wake(tx, settled.lead_id, now)


def _suppress(tx: Tx, ctx: Context, lookup: Lookup, told: str | None, now: datetime, *, keep_value: bool) -> None:
    """The address that the provider named, and that of the person, unless it was corrected since it was asked about."""
    lead = tx.leads.get(lookup.lead_id) if lookup.lead_id is not None else None
    is_other = lead is not None and not is_about(tx, lookup, lead)
    own = None if is_other else (_asked_about(tx, lookup) or Facts()).email
    for email in dict.fromkeys((own, told)):
        if email is not None:
            value, reason = parse_value(email), SuppressionReason.OBJECTED
            record.suppress(tx, ctx, value, reason, actor=ENGINE, now=now, keep_value=keep_value)

"""Which questions a provider is asked now, in the caller's transaction: what commits here is reserved and will be asked
once.

A question that was answered lately, for whomever, is answered from memory; one like it that is in flight is waited for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from camd.domain.campaign import Campaign
from camd.domain.facts import CampaignId, Facts
from camd.domain.lead import LeadStatus
from camd.domain.run_mode import run_mode
from camd.domain.waterfall import LookupStatus, Operation, fresh_days, next_offer
from camd.pipeline import credit_budget
from camd.pipeline.context import Context
from camd.pipeline.lookup_offers import open_offers, wanted_by
from camd.pipeline.lookup_outcomes import give_up, lost_counterpart, names_of, settle_copy, withdraw
from camd.pipeline.provider_rate import room, take_calls
from camd.pipeline.record import is_lead_suppressed
from camd.ports.lookups import Lookup, Question, Service
from camd.ports.store import Tx

MOST = 500
"""Questions that one claim looks at before it lets others write."""
DENIED = "quota:provider_credits"
TOO_DEAR_RETRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Call:
    """The lookups of one call are asked; `questions` go out, in the same order."""

    service: Service
    lookups: tuple[Lookup, ...]
    questions: tuple[Question, ...]

    @property
    def operation(self) -> Operation:
        return self.service.offer.operation


@dataclass(frozen=True, slots=True)
class Claim:
    """`until` is when it is worth asking again, none where only a doorbell says so; the campaigns in `woken` have a
    lead to look at."""

    calls: Sequence[Call] = ()
    until: datetime | None = None
    woken: frozenset[CampaignId] = frozenset()


def claim(
    tx: Tx, ctx: Context, provider: str, services: Sequence[Service], open_calls: Mapping[Operation, int]
) -> Claim:
    """The next calls of a provider, of which so many are open."""
    now = ctx.clock.now()
    if tx.instance.recovery().hold:
        # What was asked after the backup is not known.
        return Claim()
    asked_for = {service.offer.operation for service in services}
    closed = [each for each in Operation if each not in asked_for or ctx.providers.is_refused(provider, each)]
    given_up, is_more = give_up(tx, provider, closed, now)
    found = [
        _claim(tx, ctx, provider, service, open_calls.get(service.offer.operation, 0), now) for service in services
    ]
    instants = [each.until for each in found if each.until is not None]
    if (next_due := tx.lookups.next_due_at(provider, now)) is not None:
        instants.append(next_due)
    if is_more:
        instants.append(now)
    return Claim(
        calls=[call for each in found for call in each.calls],
        until=min(instants, default=None),
        woken=given_up.union(*(each.woken for each in found)),
    )


def allow_again(tx: Tx, ctx: Context, campaign: Campaign, provider: str, now: datetime) -> None:
    """Where a budget was raised nobody waits for the day on which it would have been renewed."""
    prices = [offer.price for offer in open_offers(ctx, campaign, provider)]
    if prices and credit_budget.refusal(tx, ctx, campaign, provider, min(prices), now) is None:
        tx.lookups.put_off(provider, campaign.id, now, None)


def _claim(tx: Tx, ctx: Context, provider: str, service: Service, open_calls: int, now: datetime) -> Claim:
    operation = service.offer.operation
    if (rests_until := ctx.providers.not_before(provider, operation)) is not None:
        return Claim(until=rests_until)
    places = service.at_once - open_calls
    if ctx.providers.is_trial(provider, operation):
        places = min(places, 1 - open_calls)
    if places <= 0:
        return Claim()
    limits = ctx.providers.paced(provider, service.limits)
    open_to = room(tx, provider, operation, limits, places, now)
    if not open_to.calls:
        is_due = bool(tx.lookups.campaigns_due(provider, operation, now))
        return Claim(until=open_to.not_before if is_due else None)
    chosen = _Choice(tx, ctx, provider, service, now)
    calls = list(chosen.calls(open_to.calls))
    after = take_calls(tx, provider, operation, limits, len(calls), now)
    assert after.calls == len(calls), "there was room for them a moment ago in the same transaction"
    # Where the places are full, or what is due waits for a like question, an answer rings.
    may_go_on = chosen.is_more and chosen.has_moved and len(calls) < places
    until = after.not_before if may_go_on else None
    return Claim(calls, until, frozenset(chosen.woken))


class _Choice:
    """One claim's way through what is due, the campaigns in turn."""

    def __init__(self, tx: Tx, ctx: Context, provider: str, service: Service, now: datetime) -> None:
        self._tx = tx
        self._ctx = ctx
        self._provider = provider
        self._service = service
        self._operation = service.offer.operation
        self._now = now
        self._denied: set[CampaignId] = set()
        self.has_moved = False
        self.woken: set[CampaignId] = set()
        self.is_more = False

    def calls(self, most: int) -> Iterator[Call]:
        """At most so many, each as full as what is due allows. One that spoilt a call before is asked alone."""
        chosen: list[tuple[Lookup, Question]] = []
        made = 0
        for campaign, lookup in self._due(most * self._service.batch):
            if made + bool(chosen) >= most and (not chosen or lookup.tries):
                self.is_more = True
                break
            question = self._question(campaign, lookup)
            asked = self._reserved(campaign, lookup) if question is not None else None
            if question is None or asked is None:
                continue
            if asked.tries:
                made += 1
                yield self._call([(asked, question)])
                continue
            chosen.append((asked, question))
            if len(chosen) == self._service.batch:
                made += 1
                yield self._call(chosen)
                chosen = []
        if chosen:
            yield self._call(chosen)

    def _due(self, wanted: int) -> Iterator[tuple[Campaign, Lookup]]:
        tx, now = self._tx, self._now
        limit = min(wanted + self._service.batch, MOST)
        queues = []
        for campaign_id in tx.lookups.campaigns_due(self._provider, self._operation, now):
            campaign = tx.campaigns.get(campaign_id)
            if campaign is None or run_mode(campaign, instance_dry=self._is_dry, call_dry=False).dry:
                continue
            due = tx.lookups.due(self._provider, self._operation, campaign_id, now, limit)
            self.is_more = self.is_more or len(due) == limit
            queues.append([(campaign, lookup) for lookup in due])
        for turn in zip_longest(*queues):
            yield from (each for each in turn if each is not None and each[0].id not in self._denied)

    @property
    def _is_dry(self) -> bool:
        return self._ctx.settings.engine.dry_run

    def _question(self, campaign: Campaign, lookup: Lookup) -> Question | None:
        """None where it is not to be asked, now or ever."""
        tx = self._tx
        subjects = tx.lookups.subjects(lookup.id)
        facts = self._facts(campaign, lookup, subjects)
        if facts is None:
            self._withdraw(lookup)
            return None
        if self._is_answered(lookup, subjects):
            self._moved(lookup)
            return None
        # What this claim has chosen so far is in flight already.
        if tx.lookups.is_in_flight(self._provider, self._operation, subjects, lookup.likeness):
            return None
        return Question(str(lookup.id), facts, lookup.memory)

    def _withdraw(self, lookup: Lookup) -> None:
        withdraw(self._tx, lookup, self._now)
        self._moved(lookup)

    def _moved(self, lookup: Lookup) -> None:
        self.has_moved = True
        self.woken.add(lookup.campaign_id)

    def _facts(self, campaign: Campaign, lookup: Lookup, subjects: Sequence[str]) -> Facts | None:
        """What is known of the person now; none where nobody wants to know this any more, by the same rules by which it
        was wanted: what is withdrawn must not be wanted again."""
        tx, offer = self._tx, self._service.offer
        if lookup.candidate_id is not None:
            candidate = tx.candidates.get(lookup.candidate_id)
            if candidate is None:
                return None
            return replace(candidate.facts, source=candidate.source, source_ref=candidate.source_ref)
        lead = tx.leads.get(lookup.lead_id) if lookup.lead_id is not None else None
        if lead is None or lead.status is not LeadStatus.NEW or is_lead_suppressed(tx, lead):
            return None
        if self._provider not in campaign.definition.enrichment.providers:
            return None
        if next_offer([offer], lead.facts, lead.verdict, (), wanted_by(campaign)) is None:
            return None
        # Somebody may have corrected what it would be asked with.
        is_same = set(names_of(tx, self._provider, self._operation, lead.facts)) == set(subjects)
        return lead.facts if is_same else None

    def _is_answered(self, lookup: Lookup, subjects: Sequence[str]) -> bool:
        """From memory: the same question was asked lately, or an answer to it was lost."""
        tx, now = self._tx, self._now
        asked = self._provider, self._operation
        known = tx.lookups.settled(*asked, subjects) or tx.lookups.settled(*asked, lost_counterpart(lookup))
        if known is None or known.settled_at is None:
            return False
        verdict = known.answer.verdict if known.answer is not None else None
        age = now - known.settled_at
        if age >= timedelta(days=fresh_days(verdict if self._operation is Operation.VERIFY else None)):
            return False
        copied = replace(
            lookup,
            status=known.status,
            settled_at=now,
            result=known.result,
            answer=known.answer,
            copied_from=known.id,
            denied=None,
        )
        settle_copy(tx, self._ctx, lookup, copied, now)
        return True

    def _reserved(self, campaign: Campaign, lookup: Lookup) -> Lookup | None:
        tx, now = self._tx, self._now
        if not credit_budget.is_ever_enough(self._ctx, campaign, self._provider, lookup.price):
            self._too_dear(lookup)
            return None
        until = credit_budget.refusal(tx, self._ctx, campaign, self._provider, lookup.price, now)
        if until is not None:
            self._denied.add(campaign.id)
            tx.lookups.put_off(self._provider, campaign.id, until, DENIED)
            return None
        credit_budget.reserve(tx, campaign, self._provider, lookup.price, now)
        self.has_moved = True
        asked = replace(lookup, status=LookupStatus.ASKED, asked_at=now, denied=None)
        return tx.lookups.save(lookup, asked)

    def _too_dear(self, lookup: Lookup) -> None:
        """The budget became smaller than its price. Nobody else knows who a stub is: it waits for a larger one."""
        if lookup.candidate_id is None:
            self._withdraw(lookup)
        else:
            later = replace(lookup, denied=DENIED, not_before=self._now + TOO_DEAR_RETRY)
            self._tx.lookups.save(lookup, later)

    def _call(self, chosen: Sequence[tuple[Lookup, Question]]) -> Call:
        # In the order of their ids, in which a job's questions are found again.
        lookups, questions = zip(*sorted(chosen, key=lambda each: each[0].id), strict=True)
        return Call(self._service, lookups, questions)

"""Stage 3: what is learned of a new lead: for nothing whether its address works, and for credits what is still missing,
one provider after the other until nothing is or nobody is left to ask.

Nothing is paid for here: what has to be is an outcome, and the answer is there when the lead is looked at again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import anyio

from camd.domain.campaign import Campaign
from camd.domain.contact import parse_address
from camd.domain.errors import Scope
from camd.domain.facts import LeadId, Verdict
from camd.domain.lead import Action, Authority, Enriched, Lead, LeadStatus, Lost, LostReason
from camd.domain.outcome import Advance, Outcome, Snooze, Want
from camd.domain.waterfall import Offer, Operation, Wanted, next_offer
from camd.pipeline.context import Context, working_on
from camd.pipeline.learned import UNUSABLE, Learned, add_up, is_same_address
from camd.pipeline.lookup_offers import offers_to, wanted_by
from camd.ports.lookups import OPEN, Lookup
from camd.ports.providers import Verification
from camd.schema.report import CycleError

BATCH = 200
CONCURRENT = 20
NO_ADDRESS = Verification(Verdict.UNKNOWN, "no address")


async def enrich(
    ctx: Context,
    campaign: Campaign,
    leads: Sequence[Lead],
    lookups: Mapping[LeadId, Sequence[Lookup]],
    *,
    dry: bool,
    now: datetime,
) -> list[tuple[Lead, Outcome]]:
    """One outcome for each lead, in order. Those beyond the verifier's rate are looked at again when it allows."""
    bucket = f"provider:{ctx.verifier.name}"
    fresh = {
        lead.id: add_up(lead.facts, lead.verdict, lead.verdict_evidence, lookups.get(lead.id, ())) for lead in leads
    }
    to_verify = [lead for lead in leads if _needs_free_check(lead, fresh[lead.id], lookups.get(lead.id, ()))]
    grant = await ctx.quota.take(bucket, ctx.verifier.rate_limit, len(to_verify))
    verdicts: dict[LeadId, Verification] = {}
    at_once = anyio.CapacityLimiter(CONCURRENT)

    async def judge(lead: Lead) -> None:
        async with at_once:
            with working_on(lead):
                fresh[lead.id], verdicts[lead.id] = await _checked(ctx, lead, lookups.get(lead.id, ()))

    async with anyio.create_task_group() as tasks:
        for lead in to_verify[: grant.count]:
            tasks.start_soon(judge, lead)
    later = {lead.id for lead in to_verify[grant.count :]}
    offers, wanted = offers_to(ctx, campaign), wanted_by(campaign)
    outcomes: list[tuple[Lead, Outcome]] = []
    for lead in leads:
        if lead.id in later:
            outcomes.append((lead, Snooze(grant.not_before, "quota:provider_rate")))
            continue
        with working_on(lead):
            known = _judged(fresh[lead.id], verdicts.get(lead.id))
            outcomes.append((lead, _outcome(lead, known, lookups.get(lead.id, ()), offers, wanted, dry=dry, now=now)))
    return outcomes


def not_configured(ctx: Context, campaign: Campaign) -> list[CycleError]:
    """The campaign's providers that cannot be asked at all."""
    return [
        CycleError(
            stage="enrich",
            scope=Scope.PROVIDER,
            message=f"{name} is not asked: set its key in [providers.{name}], or take it out of enrichment.providers",
        )
        for name in campaign.definition.enrichment.providers
        if (enricher := ctx.enrichers.get(name)) is None or not enricher.services
    ]


def _needs_free_check(lead: Lead, learned: Learned, lookups: Sequence[Lookup]) -> bool:
    """A lead's own address once, at the first look, and each one that is new, as by a correction."""
    email = learned.facts.email
    # What told who a stub is was asked before there was a lead to look at.
    is_first_look = all((each.provider, each.operation) == (lead.facts.source, Operation.MATCH) for each in lookups)
    is_new = is_first_look or lead.verdict is None or not is_same_address(email, lead.facts.email)
    return email is not None and is_new


async def _checked(ctx: Context, lead: Lead, lookups: Sequence[Lookup]) -> tuple[Learned, Verification]:
    """What was learned, with the lead's own address or the first of those that providers found that can get mail."""
    dead: list[str] = []
    free = NO_ADDRESS
    while True:
        learned = add_up(lead.facts, lead.verdict, lead.verdict_evidence, lookups, dead)
        email = learned.facts.email
        if email is None:
            return learned, Verification(NO_ADDRESS.verdict, free.evidence)
        free = await ctx.verifier.verify(parse_address(email))
        if free.verdict not in UNUSABLE or is_same_address(email, lead.facts.email):
            return learned, free
        dead.append(email)


def _judged(learned: Learned, free: Verification | None) -> Learned:
    """With what the free check says, which outranks a source except where it cannot tell."""
    if learned.facts.email is None:
        said = free or NO_ADDRESS
        return replace(learned, verdict=said.verdict, evidence=said.evidence)
    if free is None or (learned.verdict is not None and free.verdict is Verdict.UNKNOWN):
        return learned
    return replace(learned, verdict=free.verdict, evidence=free.evidence)


def _has_judged(lookup: Lookup, email: str | None) -> bool:
    """Whether its provider named this address and said with it what it knows of it: to verify it would sell the same
    word again."""
    answer = lookup.answer
    return answer is not None and answer.verdict is not None and is_same_address(answer.facts.email, email)


def _outcome(
    lead: Lead,
    learned: Learned,
    lookups: Sequence[Lookup],
    offers: Sequence[Offer],
    wanted: Wanted,
    *,
    dry: bool,
    now: datetime,
) -> Outcome:
    known = replace(
        lead, facts=learned.facts, verdict=learned.verdict, verdict_evidence=learned.evidence, waits_for=None
    )
    if learned.objected:
        known = replace(known, verdict=Verdict.SUPPRESSED)
    to_score = replace(known, enriched_at=now, next_action=Action.SCORE, next_action_at=now)
    if learned.objected and lead.status is LeadStatus.NEW and not dry:
        return Advance(known, (Lost(LostReason.DO_NOT_CONTACT, Authority.RULE),))
    if lead.status is not LeadStatus.NEW:
        return Advance(to_score)
    is_open = any(lookup.status in OPEN for lookup in lookups)
    if is_open and not dry:
        return Snooze(None)
    asked = {(lookup.provider, lookup.operation) for lookup in lookups}
    asked |= {(lookup.provider, Operation.VERIFY) for lookup in lookups if _has_judged(lookup, learned.facts.email)}
    is_unusable = learned.objected or (learned.verdict in UNUSABLE and learned.facts.email is not None)
    is_over = is_unusable or is_open
    offer = None if is_over else next_offer(offers, learned.facts, learned.verdict, asked, wanted)
    if offer is not None:
        # A dry run scores and previews what it knows so far; a live one goes on with the answer.
        waiting = replace(known, next_action=Action.ENRICH, next_action_at=None)
        return Want(to_score if dry else waiting, offer)
    return Advance(to_score, () if is_open else (Enriched(),))

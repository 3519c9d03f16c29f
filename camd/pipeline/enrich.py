"""Stage 3: what can be learned of a new lead for nothing: does its address work?"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import anyio

from camd.domain.contact import parse_address
from camd.domain.facts import Verdict
from camd.domain.lead import Action, Enriched, Lead, LeadStatus
from camd.domain.outcome import Advance, Outcome, Snooze
from camd.pipeline.context import Context, working_on
from camd.ports.providers import Verification

BATCH = 200
CONCURRENT = 20
NO_ADDRESS = Verification(Verdict.UNKNOWN, "no address")


async def enrich(ctx: Context, leads: Sequence[Lead], now: datetime) -> list[tuple[Lead, Outcome]]:
    """One outcome for each lead, in order. Those beyond the verifier's rate are looked at again when it allows."""
    bucket = f"provider:{ctx.verifier.name}"
    grant = await ctx.quota.take(bucket, ctx.verifier.rate_limit, len(leads))
    outcomes: dict[str, Outcome] = {}
    at_once = anyio.CapacityLimiter(CONCURRENT)

    async def judge(lead: Lead) -> None:
        async with at_once:
            outcomes[lead.id] = await _enriched(ctx, lead, now)

    async with anyio.create_task_group() as tasks:
        for lead in leads[: grant.count]:
            tasks.start_soon(judge, lead)
    for lead in leads[grant.count :]:
        outcomes[lead.id] = Snooze(grant.not_before, "quota:provider_rate")
    return [(lead, outcomes[lead.id]) for lead in leads]


async def _enriched(ctx: Context, lead: Lead, now: datetime) -> Advance:
    with working_on(lead):
        verification = await _verify(ctx, lead)
    return Advance(
        replace(
            lead,
            verdict=verification.verdict,
            verdict_evidence=verification.evidence,
            enriched_at=now,
            next_action=Action.SCORE,
            next_action_at=now,
            waits_for=None,
        ),
        (Enriched(),) if lead.status is LeadStatus.NEW else (),
    )


async def _verify(ctx: Context, lead: Lead) -> Verification:
    if lead.facts.email is None:
        return NO_ADDRESS
    verification = await ctx.verifier.verify(parse_address(lead.facts.email))
    if lead.verdict is not None and verification.verdict is Verdict.UNKNOWN:
        # What the source knew of the address outranks what a free check cannot tell.
        return Verification(lead.verdict, lead.verdict_evidence or "source")
    return verification

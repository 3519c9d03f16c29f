"""Stage 4: how well a lead fits, from what is known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from camd.domain.campaign import Campaign
from camd.domain.lead import Action, Lead, LeadStatus
from camd.domain.outcome import Advance
from camd.domain.scoring import score
from camd.pipeline.context import working_on

BATCH = 500


def score_leads(campaign: Campaign, leads: Sequence[Lead], now: datetime) -> list[tuple[Lead, Advance]]:
    """One outcome for each lead, in order; a pure function of the facts."""
    return [(lead, _scored(campaign, lead, now)) for lead in leads]


def _scored(campaign: Campaign, lead: Lead, now: datetime) -> Advance:
    definition = campaign.definition
    with working_on(lead):
        value = score(lead.facts, lead.verdict, definition.icp, definition.scoring).value
    # A new one is previewed: a dry run does not wait for answers that cost.
    next_action = Action.OUTREACH if lead.is_open or lead.status is LeadStatus.NEW else None
    return Advance(replace(lead, score=value, next_action=next_action, next_action_at=now if next_action else None))

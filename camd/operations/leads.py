"""Leads: list, read, add one person, change facts, and why a lead is or is not written to."""

from dataclasses import dataclass, replace
from datetime import datetime

from camd.domain.campaign import Campaign
from camd.domain.contact import folded, parse_address
from camd.domain.facts import Facts, LeadId
from camd.domain.lead import Action, Lead, LostReason
from camd.domain.scoring import score
from camd.domain.suppression import SuppressionReason, is_do_not_contact_tag, parse_value
from camd.operations import lead_views
from camd.operations.desk import Desk, find_campaign, find_lead, find_open_campaign, refusals
from camd.operations.errors import Conflict, invalid
from camd.operations.once import Keep, no_keeping
from camd.pipeline import dedupe, recognise, record
from camd.pipeline.gate import lead_checks
from camd.pipeline.owners import campaign_of
from camd.ports.providers import Found, Verification
from camd.ports.records import LeadFilter, Listing
from camd.ports.store import Tx
from camd.schema.lead import Lead as LeadView
from camd.schema.lead import LeadBody, LeadDetail, LeadPatch, WhyReport
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_cursor

_KIND = "leads"
BY_HAND = "manual"
"""The source of a person that somebody added."""


@dataclass(frozen=True, slots=True)
class Added:
    """`created` is false for a person whom the campaign knew already."""

    lead: LeadView
    created: bool


async def page(
    desk: Desk,
    ref: str | int,
    chosen: LeadFilter,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[LeadView]:
    def query(tx: Tx) -> Page[LeadView]:
        campaign = find_campaign(tx, ref)
        before = decode_cursor(_KIND, cursor) if cursor else None
        leads = tx.leads.page(campaign.id, Listing(checked_limit(limit) + 1, before), chosen)
        return cut([(lead.id, lead_views.view(lead)) for lead in leads], limit, _KIND)

    return await desk.read(query)


async def get(desk: Desk, lead_id: str) -> LeadDetail:
    def query(tx: Tx) -> LeadDetail:
        lead = find_lead(tx, lead_id)
        return lead_views.detail(lead, tx.lookups.of_lead(lead.id))

    return await desk.read(query)


async def why(desk: Desk, lead_id: str) -> WhyReport:
    """The very checks that decide, all of them."""

    def query(tx: Tx) -> WhyReport:
        lead = find_lead(tx, lead_id)
        return lead_views.why(lead, lead_checks(tx, desk.context, campaign_of(tx, lead), lead, desk.now()))

    return await desk.read(query)


async def add(desk: Desk, ref: str | int, body: LeadBody, *, actor: str, keep: Keep[Added] = no_keeping) -> Added:
    """Adds a person, or answers the lead they are already. Raises `Conflict` for somebody suppressed; a tag
    `do_not_contact` is stored as a suppression then."""
    facts = Facts(**body.changes())

    def unit(tx: Tx) -> tuple[Campaign, Added | None]:
        campaign, now = find_open_campaign(tx, ref), desk.now()
        found = Found(facts.source_ref or _reference(facts), facts)
        source = facts.source or BY_HAND
        admission = dedupe.admit(tx, desk.context, campaign, found, source=source, actor=actor, now=now)
        if isinstance(admission, dedupe.Admitted):
            tx.campaigns.sleep_until(campaign.id, now)
        if isinstance(admission, dedupe.Suppressed):
            return campaign, None
        added = Added(lead_views.view(admission.lead), created=isinstance(admission, dedupe.Admitted))
        keep(tx, added)
        return campaign, added

    campaign, added = await desk.write(unit)
    if added is None:
        # The suppression that a tag asks for is stored all the same.
        raise Conflict("suppressed", "This person may not be written to", "A suppression covers this person.")
    if added.created:
        desk.doorbells.ring(campaign.id)
    return added


def _reference(facts: Facts) -> str:
    """What makes a person without address and profile the same one when added again; empty for the others."""
    if facts.email or facts.linkedin_url:
        return ""
    name = folded(f"{facts.first_name or ''} {facts.last_name or ''}")
    company = folded(facts.domain or facts.company or "")
    if not (name and company):
        raise invalid("email", "give an address, a LinkedIn profile, or a name with its company")
    return f"{name}|{company}"


async def change(desk: Desk, lead_id: str, patch: LeadPatch, *, actor: str) -> LeadView:
    """Merges the facts that the patch names; the score follows, and a new address is verified first.

    Raises `Conflict` where the changed person is another lead of the campaign, and for an erased one.
    """
    read = await desk.read(lambda tx: find_lead(tx, lead_id))
    facts = _changed(read, patch)
    if facts == read.facts:
        return lead_views.view(read)
    verification = await _verified_again(desk, read, facts)

    def unit(tx: Tx) -> Lead:
        lead, now = find_lead(tx, lead_id), desk.now()
        if lead.facts != read.facts:
            raise Conflict("stale-write", "Somebody else was faster", "The lead's facts were changed meanwhile.")
        campaign = find_open_campaign(tx, lead.campaign_id)
        return with_facts(tx, desk, campaign, lead, facts, verification, actor=actor, now=now)

    saved = await desk.write(unit)
    desk.doorbells.ring(saved.campaign_id)
    return lead_views.view(saved)


def _changed(lead: Lead, patch: LeadPatch) -> Facts:
    if lead.state.lost_reason is LostReason.ERASED:
        raise Conflict("erased", "The lead was erased", "What was erased cannot be filled again.")
    return replace(lead.facts, **patch.changes())


async def _verified_again(desk: Desk, lead: Lead, facts: Facts) -> Verification | None:
    """The verdict on an address that changed after the lead's own was judged."""
    if facts.email is None or facts.email == lead.facts.email or not lead.state.ever_enriched:
        return None
    with refusals():
        address = parse_address(facts.email)
    return await desk.context.verifier.verify(address)


def with_facts(
    tx: Tx,
    desk: Desk,
    campaign: Campaign,
    lead: Lead,
    facts: Facts,
    verification: Verification | None,
    *,
    actor: str,
    now: datetime,
) -> Lead:
    """Saves the lead with other facts and has it planned anew. Raises `Invalid`, and `Conflict` on identity."""
    facts = recognise.usable(facts)
    identity = recognise.identity_of(facts)
    if other := recognise.somebody_else(tx, lead, identity):
        raise Conflict("identity", "This person is another lead", f"{other.id} of this campaign is this person.")
    after = replace(lead, key=identity.key, facts=facts)
    if verification is not None:
        after = replace(after, verdict=verification.verdict, verdict_evidence=verification.evidence)
    elif facts.email != lead.facts.email:
        after = replace(after, verdict=None, verdict_evidence=None)
    if after.score is not None:
        definition = campaign.definition
        after = replace(after, score=score(facts, after.verdict, definition.icp, definition.scoring).value)
    if after.is_open:
        after = replace(after, next_action=Action.OUTREACH if after.score is not None else Action.SCORE)
        after = replace(after, next_action_at=now, waits_for=None)
    saved = record.apply(tx, lead, (), actor=actor, now=now, after=after)
    tx.previews.drop_lead(saved.id)
    tx.campaigns.sleep_until(campaign.id, now)
    if facts.email and any(is_do_not_contact_tag(tag) for tag in facts.tags):
        value = parse_value(facts.email)
        record.suppress(tx, desk.context, value, SuppressionReason.DO_NOT_CONTACT, actor=actor, now=now)
    return find_lead(tx, LeadId(saved.id))

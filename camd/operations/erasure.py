"""Erasing a lead (GDPR): every fact and text goes, a keyed hash of the address stays in the suppressions."""

from dataclasses import replace
from datetime import datetime

from camd.domain.facts import Facts
from camd.domain.lead import Erased, Lead, LostReason
from camd.domain.placeholder import placeholder_hash
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash, parse_value
from camd.operations import lead_views
from camd.operations.desk import Desk, find_lead
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.pipeline.hashed_suppression import suppress_hash
from camd.pipeline.lookup_outcomes import withdraw
from camd.pipeline.recognise import identity_of
from camd.ports.journal import ErasureLine
from camd.ports.lookups import LookupStatus
from camd.ports.store import Tx
from camd.schema.lead import Lead as LeadView
from camd.telemetry.logs import get_log

log = get_log()

_CANDIDATES = 10_000


async def erase(desk: Desk, lead_id: str, *, actor: str) -> LeadView:
    """Erasing again changes nothing. The ledger stays: it holds ids and figures alone.

    The journal has the erasure before the database, which forgets whom to name: whatever becomes of the process, a
    person who was told so is erased in every restored database too.
    """
    address_hash = await desk.read(lambda tx: _address_hash(tx, find_lead(tx, lead_id)))
    if address_hash is not None:
        await desk.context.journal.append([ErasureLine(desk.now(), address_hash)])

    def unit(tx: Tx) -> tuple[Lead, bool]:
        lead = find_lead(tx, lead_id)
        if lead.state.lost_reason is LostReason.ERASED:
            return lead, False
        return erase_lead(tx, desk.context, lead, actor=actor, now=desk.now()), True

    erased, is_new = await desk.write(unit)
    if is_new:
        log.info("lead.erased", campaign_id=erased.campaign_id)
    return lead_views.view(erased)


def erase_lead(tx: Tx, ctx: Context, lead: Lead, *, actor: str, now: datetime) -> Lead:
    """In the caller's transaction, for a lead that is not erased yet; its line of the journal stands already."""
    if address_hash := _address_hash(tx, lead):
        address, erased = SuppressionKind.ADDRESS, SuppressionReason.ERASED
        suppress_hash(tx, ctx, address, address_hash, erased, actor=actor, now=now)
    if lead.facts != Facts():
        _forget_candidates(tx, lead)
    _forget_lookups(tx, lead, now)
    tx.inbox.forget_person(lead.id, address_hash)
    return _emptied(tx, find_lead(tx, lead.id), actor, now)


def _forget_lookups(tx: Tx, lead: Lead, now: datetime) -> None:
    """What was asked and paid stays; nobody is asked any more."""
    for lookup in tx.lookups.of_lead(lead.id):
        if lookup.status is LookupStatus.WANTED:
            withdraw(tx, lookup, now)
    tx.lookups.forget_answers(lead.id)


def _address_hash(tx: Tx, lead: Lead) -> str | None:
    if not lead.facts.email:
        return placeholder_hash(lead.key)
    value = parse_value(lead.facts.email)
    return keyed_hash(tx.instance.key(), value.kind, value.key)


def _forget_candidates(tx: Tx, lead: Lead) -> None:
    """Rows of sources that are this person and not yet a lead; those beyond the limit, and stubs, of whom nobody knows
    yet who they are, meet the suppression."""
    own = identity_of(lead.facts)
    same = [
        candidate
        for candidate in tx.candidates.waiting(lead.campaign_id, _CANDIDATES)
        if (candidate.source, candidate.source_ref) == (lead.facts.source, lead.facts.source_ref)
        or (lead.facts.email and candidate.facts.email and identity_of(candidate.facts).key == own.key)
    ]
    for candidate in same:
        # What was asked about them is forgotten with the lead.
        if lookup := tx.lookups.of_candidate(candidate.id):
            tx.lookups.give_to_lead(lookup.id, lead.id)
    tx.candidates.remove([candidate.id for candidate in same])


def _emptied(tx: Tx, lead: Lead, actor: str, now: datetime) -> Lead:
    bare = replace(
        lead,
        key=f"erased:{lead.id}",
        facts=Facts(),
        verdict=None,
        verdict_evidence=None,
        score=None,
        holds=(),
    )
    erased = record.apply(tx, lead, (Erased(),), actor=actor, now=now, after=bare)
    for touch in tx.touches.of_lead(lead.id):
        tx.touches.save(touch, replace(touch, subject=None, body=None))
    return erased

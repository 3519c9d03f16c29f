"""Erasing a person (GDPR): every fact and text goes, a keyed hash of the address stays in the suppressions.

What is overwritten is overwritten in the file: `ports.store` leaves no free page that holds it, `Desk.scrub` no log.
Copies made before (backups) are erased anew when they are restored, by the journal.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from camd.domain.facts import Facts
from camd.domain.lead import Erased, Lead, LostReason
from camd.domain.placeholder import placeholder_hash
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash, parse_value
from camd.domain.waterfall import LookupStatus
from camd.operations import lead_views
from camd.operations.desk import Desk, find_lead
from camd.operations.people import read_address
from camd.operations.traces import hash_of, leads_of, messages_of, traces_of
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.pipeline.hashed_suppression import suppress_hash
from camd.pipeline.lookup_outcomes import withdraw
from camd.pipeline.recognise import identity_of
from camd.ports.journal import ErasureLine
from camd.ports.records import Candidate
from camd.ports.store import Tx
from camd.schema.lead import Lead as LeadView
from camd.schema.person import PersonErased
from camd.telemetry.logs import get_log

log = get_log()

_CANDIDATES = 10_000


async def erase(desk: Desk, lead_id: str, *, actor: str) -> LeadView:
    """The person of a lead, in its campaign. Erasing again changes nothing. The ledger stays: it holds ids and figures.

    The journal has the erasure before the database, which forgets whom to name: whatever becomes of the process, a
    person who was told so is erased in every restored database too.
    """
    lead = await desk.read(lambda tx: find_lead(tx, lead_id))
    address_hash = await desk.read(lambda tx: _address_hash(tx, lead))
    if address_hash is not None:
        await desk.context.journal.append([ErasureLine(desk.now(), address_hash)])
    messages = await desk.read(lambda tx: messages_of(tx, [lead.facts]))

    def unit(tx: Tx) -> Lead:
        lead, now = find_lead(tx, lead_id), desk.now()
        tx.inbox.forget(messages)
        return lead if _is_erased(lead) else erase_lead(tx, desk.context, lead, actor=actor, now=now)

    erased = await desk.write(unit)
    await desk.scrub()
    if not _is_erased(lead):
        log.info("lead.erased", campaign_id=erased.campaign_id)
    return lead_views.view(erased)


async def erase_person(desk: Desk, text: str, *, actor: str) -> PersonErased:
    """Whoever has that address, in every campaign, also where nobody knows them yet. Erasing again changes nothing."""
    address = read_address(text)
    traces = await traces_of(desk, address)
    own = await desk.read(lambda tx: hash_of(tx, address))
    others = await desk.read(lambda tx: {_address_hash(tx, lead) for lead in traces.leads})
    hashes = sorted({own, *filter(None, others)})
    await desk.context.journal.append([ErasureLine(desk.now(), address_hash) for address_hash in hashes])

    def unit(tx: Tx) -> PersonErased:
        ctx, now = desk.context, desk.now()
        _suppress(tx, ctx, own, actor, now)
        leads = [lead for lead in leads_of(tx, address) if not _is_erased(lead)]
        candidates = [each for each in traces.candidates if tx.candidates.get(each.id)]
        _forget_candidates(tx, candidates, now)
        messages = tx.inbox.forget(traces.messages)
        for lead in leads:
            erase_lead(tx, ctx, find_lead(tx, lead.id), actor=actor, now=now)
        tx.answers.forget_personal()
        return PersonErased(leads=len(leads), candidates=len(candidates), messages=messages)

    erased = await desk.write(unit)
    await desk.scrub()
    log.info("lead.erased", count=erased.leads)
    return erased


def erase_lead(tx: Tx, ctx: Context, lead: Lead, *, actor: str, now: datetime) -> Lead:
    """In the caller's transaction, for a lead that is not erased yet; its line of the journal stands already."""
    address_hash = _address_hash(tx, lead)
    if address_hash is not None:
        _suppress(tx, ctx, address_hash, actor, now)
    if lead.facts != Facts():
        _forget_own_candidates(tx, lead)
    _forget_lookups(tx, lead, now)
    tx.inbox.forget_person(lead.id, address_hash)
    tx.campaigns.forget_crashes_of(lead.id)
    tx.answers.forget_personal()
    return _emptied(tx, find_lead(tx, lead.id), actor, now)


def _is_erased(lead: Lead) -> bool:
    return lead.state.lost_reason is LostReason.ERASED


def _suppress(tx: Tx, ctx: Context, address_hash: str, actor: str, now: datetime) -> None:
    """By the hash alone; a person is told of once, however many of their leads are erased."""
    standing = tx.suppressions.covering([address_hash])
    if standing is None or standing.reason is not SuppressionReason.ERASED or standing.value is not None:
        kind, reason = SuppressionKind.ADDRESS, SuppressionReason.ERASED
        suppress_hash(tx, ctx, kind, address_hash, reason, actor=actor, now=now)


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


def _forget_candidates(tx: Tx, candidates: Sequence[Candidate], now: datetime) -> None:
    """With what was asked about them: receipts stay."""
    for candidate in candidates:
        lookup = tx.lookups.of_candidate(candidate.id)
        if lookup is not None and lookup.status is LookupStatus.WANTED:
            withdraw(tx, lookup, now)
        tx.lookups.forget_candidate(candidate.id)
    tx.candidates.remove([candidate.id for candidate in candidates])


def _forget_own_candidates(tx: Tx, lead: Lead) -> None:
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
        tx.touches.save(touch, replace(touch, subject=None, body=None, reason=None))
    return erased

"""Stage 2: candidates become leads, or are known already. Known people are recognised before anything is paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from camd.domain.campaign import Campaign
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.facts import Facts, ImportId, LeadId
from camd.domain.lead import Action, Discovered, Lead, transition
from camd.domain.suppression import SuppressionReason, is_do_not_contact_tag, parse_value
from camd.domain.waterfall import Offer
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.pipeline.lookup_outcomes import wake, want
from camd.pipeline.recognise import identity_of, usable
from camd.ports.providers import Found
from camd.ports.records import Candidate
from camd.ports.store import Tx

BATCH = 500
STUBS = 200
WAITS_FOR_IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Admitted:
    lead: Lead


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`lead` is the one that is this person already."""

    lead: Lead


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The person may not be written to; no lead was made."""


Admission = Admitted | Duplicate | Suppressed


def admit(
    tx: Tx,
    ctx: Context,
    campaign: Campaign,
    found: Found,
    *,
    source: str,
    actor: str,
    now: datetime,
    import_id: ImportId | None = None,
    dry: bool = False,
) -> Admission:
    """Makes a `new` lead of a found row in the caller's transaction, unless the person is known or suppressed.

    A lead of an import waits until the whole import is in. Raises `Invalid` for a row that cannot be a lead.
    """
    facts = usable(replace(found.facts, source=source, source_ref=found.source_ref or None))
    if found.do_not_contact or any(is_do_not_contact_tag(tag) for tag in facts.tags):
        if address := facts.email or _address_given_before(tx, campaign, facts):
            record.suppress(
                tx,
                ctx,
                parse_value(address),
                SuppressionReason.DO_NOT_CONTACT,
                actor=actor,
                now=now,
                loses=not dry,
            )
        return Suppressed()
    if facts.email and record.is_suppressed(tx, facts.email):
        return Suppressed()
    identity = identity_of(facts)
    if known := tx.leads.known(campaign.id, identity):
        return _skipped(tx, campaign, known, source, actor, now)
    lead = Lead(
        id=LeadId(ctx.ids.new("ld")),
        campaign_id=campaign.id,
        key=identity.key,
        state=transition(None, Discovered()),
        facts=facts,
        created_at=now,
        updated_at=now,
        verdict=found.verdict,
        verdict_evidence=f"{source} says so" if found.verdict else None,
        next_action=None if import_id else Action.ENRICH,
        next_action_at=None if import_id else now,
        waits_for=WAITS_FOR_IMPORT if import_id else None,
        import_id=import_id,
    )
    inserted = tx.leads.insert(lead)
    assert inserted, "a lead with this key was not known a moment ago in the same transaction"
    tx.ledger.append(Event(EventType.LEAD_DISCOVERED, now, actor, campaign.id, lead.id, data={"source": source}))
    return Admitted(lead)


def _address_given_before(tx: Tx, campaign: Campaign, facts: Facts) -> str | None:
    """Whoever asks for no contact may be known here by a reference, a profile or a name alone."""
    known = tx.leads.known(campaign.id, identity_of(facts))
    return known.facts.email if known is not None else None


def _skipped(tx: Tx, campaign: Campaign, known: Lead, source: str, actor: str, now: datetime) -> Duplicate:
    data = {"source": source}
    tx.ledger.append(Event(EventType.LEAD_DUPLICATE_SKIPPED, now, actor, campaign.id, known.id, data=data))
    return Duplicate(known)


def admit_candidates(
    tx: Tx, ctx: Context, campaign: Campaign, candidates: Sequence[Candidate], *, now: datetime, dry: bool
) -> list[Admission]:
    """Admits the candidates and removes them, in one transaction."""
    admissions = []
    for candidate in candidates:
        found = Found(
            candidate.source_ref,
            candidate.facts,
            do_not_contact=candidate.do_not_contact,
            verdict=candidate.verdict,
        )
        admission = admit(tx, ctx, campaign, found, source=candidate.source, actor=ENGINE, now=now, dry=dry)
        if candidate.source in ctx.enrichers:
            _keep_receipt(tx, candidate, admission, now)
        admissions.append(admission)
    tx.candidates.remove([candidate.id for candidate in candidates])
    return admissions


def _keep_receipt(tx: Tx, candidate: Candidate, admission: Admission, now: datetime) -> None:
    """What was paid to learn who a stub is belongs to the lead that is this person, with all that was learned."""
    lookup = tx.lookups.of_candidate(candidate.id)
    if lookup is None:
        return
    match admission:
        case Suppressed():
            tx.lookups.save(lookup, replace(lookup, answer=None))
        case Admitted(lead):
            tx.lookups.give_to_lead(lookup.id, lead.id)
        case Duplicate(lead):
            tx.lookups.give_to_lead(lookup.id, lead.id)
            wake(tx, lead.id, now)
        case never:
            assert_never(never)


def want_stubs(
    tx: Tx, campaign: Campaign, stubs: Sequence[Candidate], offers: Mapping[str, Offer], now: datetime
) -> int:
    """Writes down the questions who the stubs are, of sources with an offer; answers how many were known already."""
    known = 0
    for stub in stubs:
        offer = offers.get(stub.source)
        facts = replace(stub.facts, source=stub.source, source_ref=stub.source_ref)
        if lead := tx.leads.known(campaign.id, identity_of(facts)):
            _skipped(tx, campaign, lead, stub.source, ENGINE, now)
            tx.candidates.remove([stub.id])
            known += 1
        elif offer is not None:
            want(tx, offer, campaign.id, stub, facts, now)
            tx.candidates.note_asked(stub.id)
    return known

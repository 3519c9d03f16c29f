"""Stage 2: candidates become leads, or are known already. Known people are recognised before anything is paid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from camd.domain.campaign import Campaign
from camd.domain.contact import (
    lead_key,
    linkedin_key,
    name_key_of,
    parse_address,
    refuse_header_break,
)
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.facts import Facts, ImportId, LeadId
from camd.domain.lead import Action, Discovered, Lead, transition
from camd.domain.suppression import SuppressionReason, is_do_not_contact_tag, parse_value
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.ports.providers import Found
from camd.ports.records import Candidate, Identity
from camd.ports.store import Tx

BATCH = 500
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


def usable(facts: Facts) -> Facts:
    """The facts with their address and profile checked; raises `Invalid` naming the field and the mend."""
    for name in ("first_name", "last_name", "title", "company"):
        if value := getattr(facts, name):
            refuse_header_break(value, name)
    if facts.email is not None:
        parse_address(facts.email)
    return replace(facts, linkedin_url=linkedin_key(facts.linkedin_url) or facts.linkedin_url)


def identity_of(facts: Facts) -> Identity:
    """The keys by which a campaign recognises this person."""
    return Identity(
        key=lead_key(facts),
        source=facts.source,
        source_ref=facts.source_ref,
        linkedin=linkedin_key(facts.linkedin_url),
        name=name_key_of(facts, parse_address(facts.email) if facts.email else None),
        has_address=facts.email is not None,
    )


def _skipped(tx: Tx, campaign: Campaign, known: Lead, source: str, actor: str, now: datetime) -> Duplicate:
    data = {"source": source}
    tx.ledger.append(Event(EventType.LEAD_DUPLICATE_SKIPPED, now, actor, campaign.id, known.id, data=data))
    return Duplicate(known)


def admit_candidates(
    tx: Tx, ctx: Context, campaign: Campaign, candidates: Sequence[Candidate], *, now: datetime, dry: bool
) -> list[Admission]:
    """Admits the candidates and removes them, in one transaction."""
    admissions = [
        admit(
            tx,
            ctx,
            campaign,
            Found(
                candidate.source_ref,
                candidate.facts,
                do_not_contact=candidate.do_not_contact,
                verdict=candidate.verdict,
            ),
            source=candidate.source,
            actor=ENGINE,
            now=now,
            dry=dry,
        )
        for candidate in candidates
    ]
    tx.candidates.remove([candidate.id for candidate in candidates])
    return admissions

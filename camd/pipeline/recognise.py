"""By what a campaign knows a person, and whether one that it knows better now is somebody it knew already."""

from dataclasses import replace

from camd.domain.contact import lead_key, linkedin_key, name_key_of, parse_address, refuse_header_break
from camd.domain.facts import Facts
from camd.domain.lead import Lead, LostReason
from camd.pipeline.record import is_suppressed
from camd.ports.records import Identity
from camd.ports.store import Tx


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


def recognised(tx: Tx, before: Lead, after: Lead) -> Lead | LostReason:
    """`after`, which learned more of the person, under the key that it has now; or why that person is not worked on."""
    if after.facts == before.facts:
        return after
    identity = identity_of(after.facts)
    known = tx.leads.known(after.campaign_id, identity)
    if known is not None and known.id != after.id:
        return LostReason.DUPLICATE
    if after.facts.email is not None and is_suppressed(tx, after.facts.email):
        return LostReason.DO_NOT_CONTACT
    return replace(after, key=identity.key)

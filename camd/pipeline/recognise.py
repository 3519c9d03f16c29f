"""By what a campaign knows a person, and whether one that it knows better now is somebody it knew already."""

from collections.abc import Callable
from dataclasses import replace

from camd.domain.contact import lead_key, linkedin_key, name_key_of, parse_address, refuse_header_break
from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.lead import Lead, LostReason
from camd.pipeline.record import is_suppressed
from camd.ports.records import Identity
from camd.ports.store import Tx

_NOBODY = ""
"""The key of no lead."""


def usable(facts: Facts) -> Facts:
    """The facts with their address and profile checked; raises `Invalid` naming the field and the mend."""
    for name in ("first_name", "last_name", "title", "company"):
        if value := getattr(facts, name):
            refuse_header_break(value, name)
    if facts.email is not None:
        parse_address(facts.email)
    return replace(facts, linkedin_url=linkedin_key(facts.linkedin_url) or facts.linkedin_url)


def believable(told: Facts) -> Facts:
    """What of a provider's words can be facts of a person: an address that is none, or a name that would break a
    header, is left out."""
    return replace(
        told,
        email=_if_usable(told.email, parse_address),
        first_name=_if_usable(told.first_name, _in_header),
        last_name=_if_usable(told.last_name, _in_header),
        title=_if_usable(told.title, _in_header),
        company=_if_usable(told.company, _in_header),
    )


def _in_header(value: str) -> None:
    refuse_header_break(value, "name")


def _if_usable(value: str | None, check: Callable[[str], object]) -> str | None:
    if value is not None:
        try:
            check(value)
        except Invalid:
            return None
    return value


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


def somebody_else(tx: Tx, lead: Lead, identity: Identity) -> Lead | None:
    """Another lead of the campaign that is the person of that identity, which `lead` is to get. Each key is asked for
    alone: by one of them it finds itself."""
    key, has_address = identity.key, identity.has_address
    parts = (
        Identity(_NOBODY, source=identity.source, source_ref=identity.source_ref),
        Identity(key, has_address=has_address),
        Identity(_NOBODY, linkedin=identity.linkedin),
        Identity(_NOBODY, name=identity.name, has_address=has_address),
    )
    found = (tx.leads.known(lead.campaign_id, part) for part in parts)
    return next((other for other in found if other is not None and other.id != lead.id), None)


def recognised(tx: Tx, before: Lead, after: Lead) -> Lead | LostReason:
    """`after`, which learned more of the person, under the key that it has now; or why that person is not worked on."""
    if after.facts == before.facts:
        return after
    identity = identity_of(after.facts)
    if somebody_else(tx, after, identity) is not None:
        return LostReason.DUPLICATE
    if after.facts.email is not None and is_suppressed(tx, after.facts.email):
        return LostReason.DO_NOT_CONTACT
    return replace(after, key=identity.key)

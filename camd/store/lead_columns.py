"""A lead as columns: its facts as JSON, and beside them the keys by which leads are found."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select

from camd.domain.contact import (
    EmailAddress,
    company_of,
    folded,
    linkedin_key,
    name_key_of,
    parse_address,
    registrable_domain,
)
from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.lead import Hold, Lead, LeadState
from camd.domain.placeholder import placeholder_hash, placeholder_key
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.store.rows import LIKE_SPECIAL
from camd.store.tables import lead_holds, leads

_PLAIN = {
    "campaign_id": "campaign_id",
    "key": "key",
    "status": "state.status",
    "lost_reason": "state.lost_reason",
    "ever_enriched": "state.ever_enriched",
    "ever_handed_over": "state.ever_handed_over",
    "ever_replied": "state.ever_replied",
    "facts": "facts",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "verdict": "verdict",
    "verdict_evidence": "verdict_evidence",
    "score": "score",
    "enriched_at": "enriched_at",
    "steps_version": "steps_version",
    "next_action": "next_action",
    "next_action_at": "next_action_at",
    "waits_for": "waits_for",
    "won_mrr": "won_mrr",
    "strikes": "strikes",
    "import_id": "import_id",
    "version": "version",
}
"""Where in a lead its columns are kept; the keys by which it is found are made of its facts."""
_plain = attrgetter(*_PLAIN.values())

LEAD = (leads.c.id, *(leads.c[name] for name in _PLAIN))
HOLD = tuple(lead_holds.c[field.name] for field in fields(Hold))
HOLDS = select(lead_holds.c.lead_id, *HOLD).where(lead_holds.c.lead_id.in_(bindparam("lead_ids", expanding=True)))
_ADDRESS_KEY = "address:"
_HOLDS_AT_ONCE = 500
_TAG_MARK = "\n"


def columns(lead: Lead, instance_key: bytes) -> dict[str, Any]:
    """Every column but the id."""
    return dict(zip(_PLAIN, _plain(lead), strict=True)) | _keys(lead.key, lead.facts, instance_key)


def changes(before: Lead, after: Lead, instance_key: Callable[[], bytes]) -> dict[str, Any]:
    """The columns that are not as in `before`."""
    pairs = zip(_PLAIN, _plain(before), _plain(after), strict=True)
    changed = {name: value for name, old, value in pairs if value is not old and value != old}
    if changed.keys().isdisjoint(("key", "facts")):
        return changed
    return changed | _keys(after.key, after.facts, instance_key())


def hashed_key(key: str, instance_key: bytes) -> str:
    """The key of somebody of whom only the keyed hash of the address is left, by the key that the address makes."""
    address_key = key.removeprefix(_ADDRESS_KEY)
    return placeholder_key(keyed_hash(instance_key, SuppressionKind.ADDRESS, address_key))


def _keys(key: str, facts: Facts, instance_key: bytes) -> dict[str, str | None]:
    address = address_of(facts)
    searched = (facts.first_name, facts.last_name, facts.company, facts.email, facts.domain)
    return {
        "address_key": address.key if address else None,
        "address_hash": _address_hash(key, address, instance_key),
        "address_domain": top_domain(address.domain) if address else None,
        "company_key": company_of(address, facts.domain),
        "linkedin": linkedin_key(facts.linkedin_url),
        "name": name_key_of(facts, address),
        "source": facts.source,
        "source_ref": facts.source_ref,
        "tags": "".join(f"{_TAG_MARK}{tag.casefold()}{_TAG_MARK}" for tag in facts.tags),
        "search": folded(" ".join(filter(None, searched))),
    }


def _address_hash(key: str, address: EmailAddress | None, instance_key: bytes) -> str | None:
    if address:
        return keyed_hash(instance_key, SuppressionKind.ADDRESS, address.key)
    return placeholder_hash(key)


def address_of(facts: Facts) -> EmailAddress | None:
    """None too where what stands in for an address cannot be read as one."""
    return _parsed(facts.email) if facts.email else None


# Parsing costs more than the writing; a lead is written several times in a row.
@lru_cache(maxsize=4096)
def _parsed(email: str) -> EmailAddress | None:
    with suppress(Invalid):
        return parse_address(email)
    return None


@lru_cache(maxsize=4096)
def top_domain(domain: str) -> str:
    return registrable_domain(domain) or domain


def tag_pattern(tag: str) -> str:
    return f"%{_TAG_MARK}{_literal(tag.casefold())}{_TAG_MARK}%"


def search_pattern(text: str) -> str:
    return f"%{_literal(folded(text))}%"


def _literal(text: str) -> str:
    return text.translate(LIKE_SPECIAL)


def lead_of(rows: Sequence[Sequence[Any]]) -> Lead | None:
    """The lead of rows that each have one of its holds behind its columns, or none."""
    if not rows:
        return None
    holds = [Hold(*row[len(LEAD) :]) for row in rows if row[len(LEAD)] is not None]
    return _lead(rows[0][: len(LEAD)], holds)


def leads_of(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[Lead]:
    """The leads of these rows, with their holds read for many leads at once."""
    holds: dict[str, list[Hold]] = defaultdict(list)
    for start in range(0, len(rows), _HOLDS_AT_ONCE):
        lead_ids = [row[0] for row in rows[start : start + _HOLDS_AT_ONCE]]
        for lead_id, *hold in connection.execute(HOLDS, {"lead_ids": lead_ids}):
            holds[lead_id].append(Hold(*hold))
    return [_lead(row, holds.get(row[0], ())) for row in rows]


def _lead(row: Sequence[Any], holds: Sequence[Hold]) -> Lead:
    """Its holds stand by when they began."""
    lead_id, campaign_id, key, *rest = row
    state, (facts, created_at, updated_at, verdict, evidence, score, enriched_at, *later) = rest[:5], rest[5:]
    in_order = tuple(sorted(holds, key=lambda hold: (hold.since, hold.reason))) if holds else ()
    return Lead(
        lead_id,
        campaign_id,
        key,
        LeadState(*state),
        facts,
        created_at,
        updated_at,
        verdict,
        evidence,
        score,
        enriched_at,
        in_order,
        *later,
    )

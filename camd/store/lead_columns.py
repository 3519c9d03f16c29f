"""A lead as columns: its facts as JSON, and beside them the keys by which leads are found."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from camd.domain.contact import EmailAddress, folded, linkedin_key, name_key_of, parse_address, registrable_domain
from camd.domain.errors import Invalid
from camd.domain.facts import Facts
from camd.domain.lead import Hold, Lead, LeadState
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.store.tables import lead_holds

HOLDS = select(lead_holds).where(lead_holds.c.lead_id.in_(bindparam("lead_ids", expanding=True)))
_ADDRESS_KEY = "address:"
_HASHED_KEY = "hash:"
_HOLDS_AT_ONCE = 500
_TAG_MARK = "\n"
_LIKE_SPECIAL = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


def columns(lead: Lead, instance_key: bytes) -> dict[str, Any]:
    """Every column but the id."""
    state, facts = lead.state, lead.facts
    return {
        "campaign_id": lead.campaign_id,
        "key": lead.key,
        "status": state.status,
        "lost_reason": state.lost_reason,
        "ever_enriched": state.ever_enriched,
        "ever_handed_over": state.ever_handed_over,
        "ever_replied": state.ever_replied,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "verdict": lead.verdict,
        "verdict_evidence": lead.verdict_evidence,
        "score": lead.score,
        "enriched_at": lead.enriched_at,
        "steps_version": lead.steps_version,
        "next_action": lead.next_action,
        "next_action_at": lead.next_action_at,
        "waits_for": lead.waits_for,
        "won_mrr": lead.won_mrr,
        "strikes": lead.strikes,
        "import_id": lead.import_id,
        "version": lead.version,
        "facts": facts,
        **_keys(lead.key, facts, instance_key),
    }


def hashed_key(key: str, instance_key: bytes) -> str:
    """The key of somebody of whom only the keyed hash of the address is left, by the key that the address makes."""
    address_key = key.removeprefix(_ADDRESS_KEY)
    return f"{_HASHED_KEY}{keyed_hash(instance_key, SuppressionKind.ADDRESS, address_key)}"


def _keys(key: str, facts: Facts, instance_key: bytes) -> dict[str, str | None]:
    address = address_of(facts)
    searched = (facts.first_name, facts.last_name, facts.company, facts.email, facts.domain)
    return {
        "address_key": address.key if address else None,
        "address_hash": _address_hash(key, address, instance_key),
        "address_domain": top_domain(address.domain) if address else None,
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
    return key.removeprefix(_HASHED_KEY) if key.startswith(_HASHED_KEY) else None


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
    return text.translate(_LIKE_SPECIAL)


def leads_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[Lead]:
    """The leads of these rows, with their holds by when they began, read for many leads at once."""
    holds: dict[str, list[Hold]] = defaultdict(list)
    for start in range(0, len(rows), _HOLDS_AT_ONCE):
        lead_ids = [row.id for row in rows[start : start + _HOLDS_AT_ONCE]]
        for row in connection.execute(HOLDS, {"lead_ids": lead_ids}):
            holds[row.lead_id].append(Hold(row.reason, row.since, row.until, row.note))
    return [_lead(row, holds.get(row.id, ())) for row in rows]


def _lead(row: Row[Any], holds: Sequence[Hold]) -> Lead:
    return Lead(
        id=row.id,
        campaign_id=row.campaign_id,
        key=row.key,
        state=LeadState(row.status, row.lost_reason, row.ever_enriched, row.ever_handed_over, row.ever_replied),
        facts=row.facts,
        created_at=row.created_at,
        updated_at=row.updated_at,
        verdict=row.verdict,
        verdict_evidence=row.verdict_evidence,
        score=row.score,
        enriched_at=row.enriched_at,
        holds=tuple(sorted(holds, key=lambda hold: (hold.since, hold.reason))),
        steps_version=row.steps_version,
        next_action=row.next_action,
        next_action_at=row.next_action_at,
        waits_for=row.waits_for,
        won_mrr=row.won_mrr,
        strikes=row.strikes,
        import_id=row.import_id,
        version=row.version,
    )

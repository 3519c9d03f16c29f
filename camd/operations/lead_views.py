"""A lead as the API prints it."""

from collections.abc import Sequence
from dataclasses import fields

from camd.domain.facts import Facts
from camd.domain.lead import Lead
from camd.pipeline.gate import Check
from camd.ports.lookups import Lookup
from camd.schema.lead import Check as CheckView
from camd.schema.lead import Hold as HoldView
from camd.schema.lead import Lead as LeadView
from camd.schema.lead import LeadDetail, Receipt, WhyReport

_FACTS = tuple(field.name for field in fields(Facts))


def view(lead: Lead) -> LeadView:
    """Stored facts are printed as they are, without checking them again."""
    facts = {name: getattr(lead.facts, name) for name in _FACTS}
    return LeadView.model_construct(
        **facts
        | {
            "id": lead.id,
            "campaign_id": lead.campaign_id,
            "status": lead.status,
            "status_reason": lead.state.lost_reason,
            "custom": dict(lead.facts.custom),
            "verdict": lead.verdict,
            "score": None if lead.score is None else round(lead.score, 4),
            "holds": [
                HoldView(reason=hold.reason, since=hold.since, until=hold.until, note=hold.note) for hold in lead.holds
            ],
            "next_action": lead.next_action,
            "next_action_at": lead.next_action_at,
            "won_mrr": lead.won_mrr,
            "created_at": lead.created_at,
            "updated_at": lead.updated_at,
        }
    )


def detail(lead: Lead, lookups: Sequence[Lookup]) -> LeadDetail:
    shown = view(lead)
    receipts = [_receipt(lookup) for lookup in lookups]
    known = {name: getattr(shown, name) for name in LeadView.model_fields}
    return LeadDetail.model_construct(**known, verdict_evidence=lead.verdict_evidence, receipts=receipts)


def _receipt(lookup: Lookup) -> Receipt:
    return Receipt(
        provider=lookup.provider,
        operation=lookup.operation,
        status=lookup.status,
        result=lookup.result,
        reserved=lookup.price if lookup.spent is None else None,
        credits=lookup.spent,
        evidence=lookup.answer.evidence if lookup.answer else None,
        asked_before=lookup.copied_from is not None,
        asked_at=lookup.asked_at,
        settled_at=lookup.settled_at,
    )


def why(lead: Lead, checks: tuple[Check, ...]) -> WhyReport:
    return WhyReport(
        lead_id=lead.id,
        allowed=all(check.passed for check in checks),
        next_action_at=lead.next_action_at,
        checks=[
            CheckView(name=check.name, passed=check.passed, reason=check.reason, until=check.until) for check in checks
        ],
    )

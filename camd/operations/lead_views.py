"""A lead as the API prints it."""

from dataclasses import fields

from camd.domain.facts import Facts
from camd.domain.lead import Lead
from camd.pipeline.gate import Check
from camd.schema.lead import Check as CheckView
from camd.schema.lead import Hold as HoldView
from camd.schema.lead import Lead as LeadView
from camd.schema.lead import WhyReport

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


def why(lead: Lead, checks: tuple[Check, ...]) -> WhyReport:
    return WhyReport(
        lead_id=lead.id,
        allowed=all(check.passed for check in checks),
        next_action_at=lead.next_action_at,
        checks=[
            CheckView(name=check.name, passed=check.passed, reason=check.reason, until=check.until) for check in checks
        ],
    )

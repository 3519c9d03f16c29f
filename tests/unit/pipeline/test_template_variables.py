from datetime import UTC, datetime

from camd.domain.campaign import Definition
from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.pipeline.template_variables import template_variables
from camd.ports.settings import SenderSettings

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def variables(facts: Facts, sender: SenderSettings | None = None) -> dict[str, object]:
    lead = Lead(LeadId("ld_1"), CampaignId(1), "k", LeadState(LeadStatus.ENRICHED), facts, NOW, NOW)
    definition = Definition("Q1", target_niche="dentists", description="")
    return dict(template_variables(sender or SenderSettings(name="Ann"), definition, lead))


def test_facts_go_by_their_names_and_what_is_not_known_is_left_out() -> None:
    found = variables(Facts(first_name="Bo", title="", tags=()))
    assert found["first_name"] == "Bo"
    assert {"title", "tags", "last_name"} & found.keys() == set()


def test_custom_fields_go_by_their_names_too_but_a_fact_wins() -> None:
    found = variables(Facts(company="Acme", custom={"company": "other", "city": "Rome", "pet": "cat", "odd": ""}))
    assert (found["company"], found["city"], found["pet"]) == ("Acme", "Rome", "cat")
    assert "odd" not in found
    assert found["custom"] == {"company": "other", "city": "Rome", "pet": "cat", "odd": ""}


def test_sender_and_campaign_hold_what_is_known_of_them() -> None:
    found = variables(Facts())
    assert found["sender"] == {"name": "Ann"}
    assert found["campaign"] == {"name": "Q1", "target_niche": "dentists", "language": "en"}

from collections import Counter
from datetime import UTC, datetime

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId, Facts, LeadId, TouchId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.pipeline.mailboxes import choose_mailbox
from camd.ports.records import Touch, TouchStatus
from camd.sim.world import mailbox

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BOXES = {box.name: box for box in (mailbox("big", daily_limit=30), mailbox("small", daily_limit=10))}
ONE = CampaignId(1)


def campaign(*mailboxes: str) -> Campaign:
    active = StatusChange(CampaignStatus.ACTIVE, None, "engine", NOW)
    return Campaign(ONE, Definition("Q1", mailboxes=mailboxes), active, NOW, NOW)


def lead(number: int) -> Lead:
    return Lead(LeadId(f"ld_{number}"), ONE, f"k{number}", LeadState(LeadStatus.ENRICHED), Facts(), NOW, NOW)


def test_the_choice_for_a_lead_is_always_the_same_and_does_not_hang_on_the_order_of_names() -> None:
    for number in range(50):
        chosen = choose_mailbox(BOXES, campaign("big", "small"), lead(number), ())
        assert chosen == choose_mailbox(BOXES, campaign("small", "big"), lead(number), ())
        assert chosen == choose_mailbox(BOXES, campaign(), lead(number), ())


def test_each_mailbox_gets_leads_in_proportion_to_its_daily_limit() -> None:
    chosen = Counter(choose_mailbox(BOXES, campaign(), lead(number), ()) for number in range(4000))
    assert chosen["big"] / 4000 == pytest.approx(0.75, abs=0.03)


def test_a_mailbox_that_was_added_takes_leads_over_and_moves_none_between_the_others() -> None:
    more = BOXES | {"third": mailbox("third", daily_limit=20)}
    for number in range(200):
        before, after = (choose_mailbox(boxes, campaign(), lead(number), ()) for boxes in (BOXES, more))
        assert after in (before, "third")


def test_later_steps_stay_with_the_thread_s_mailbox() -> None:
    first = Touch(TouchId("to_1"), ONE, LeadId("ld_1"), 1, "email", TouchStatus.SENT, NOW, mailbox="gone")
    assert choose_mailbox(BOXES, campaign(), lead(1), (first,)) == "gone"


def test_only_the_campaign_s_mailboxes_that_are_configured_are_chosen_from() -> None:
    assert choose_mailbox(BOXES, campaign("small", "unknown"), lead(1), ()) == "small"
    assert choose_mailbox(BOXES, campaign("unknown"), lead(1), ()) is None
    assert choose_mailbox({}, campaign(), lead(1), ()) is None

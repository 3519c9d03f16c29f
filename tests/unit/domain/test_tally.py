from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import Hold, HoldReason, Lead, LeadState, LeadStatus, LostReason
from camd.domain.tally import difference, status_name, tally

NOW = datetime(2026, 3, 2, tzinfo=UTC)
LEAD = Lead(LeadId("ld_1"), CampaignId(1), "address:a@b.com", LeadState(LeadStatus.NEW), Facts(), NOW, NOW)


def lead_with(status: LeadStatus, *, contacted: bool = False, mrr: Decimal | None = None) -> Lead:
    return replace(LEAD, state=LeadState(status, ever_handed_over=contacted), facts=Facts(expected_mrr=mrr))


@pytest.mark.parametrize("status", LeadStatus)
def test_every_lead_counts_once_for_its_status(status: LeadStatus) -> None:
    counted = tally(lead_with(status))
    assert {name: amount for name, amount in counted.items() if name.startswith("status:")} == {status_name(status): 1}


def test_a_lead_counts_as_contacted_whatever_became_of_it() -> None:
    lost = replace(LEAD, state=LeadState(LeadStatus.LOST, LostReason.BOUNCED, ever_handed_over=True))
    assert tally(lost) == {"status:lost": 1, "contacted": 1, "lost_after_contact:bounced": 1}


@pytest.mark.parametrize(("contacted", "replied", "counts"), [(True, True, 1), (True, False, 0), (False, True, 0)])
def test_an_answer_counts_of_those_who_were_written_to(contacted: bool, replied: bool, counts: int) -> None:
    state = LeadState(LeadStatus.REPLIED, ever_handed_over=contacted, ever_replied=replied)
    assert tally(replace(LEAD, state=state)).get("contacted_replied", 0) == counts


def test_a_lead_lost_before_contact_counts_for_no_loss_rate() -> None:
    assert tally(replace(LEAD, state=LeadState(LeadStatus.LOST, LostReason.BOUNCED))) == {"status:lost": 1}


@pytest.mark.parametrize("status", [LeadStatus.QUALIFIED, LeadStatus.WON])
def test_only_a_contacted_lead_counts_as_converted(status: LeadStatus) -> None:
    assert tally(lead_with(status, contacted=True))["contacted_converted"] == 1
    assert "contacted_converted" not in tally(lead_with(status))


def test_a_contacted_lead_that_waits_for_an_answer_is_not_converted() -> None:
    assert tally(lead_with(LeadStatus.CONTACTED, contacted=True)) == {"status:contacted": 1, "contacted": 1}


def test_revenue_counts_in_hundredths_while_the_lead_is_won() -> None:
    won = replace(lead_with(LeadStatus.WON), won_mrr=Decimal("1200.10"))
    assert tally(won) == {"status:won": 1, "won_cents": 120_010}
    assert "won_cents" not in tally(replace(won, state=LeadState(LeadStatus.LOST)))
    assert "won_cents" not in tally(replace(won, won_mrr=None))


def test_a_qualified_lead_counts_its_expected_revenue_or_that_it_has_none() -> None:
    expected = tally(lead_with(LeadStatus.QUALIFIED, mrr=Decimal("99.95")))
    assert expected == {"status:qualified": 1, "qualified_cents": 9_995}
    assert tally(lead_with(LeadStatus.QUALIFIED)) == {"status:qualified": 1, "qualified_without_mrr": 1}


def test_holds_and_what_a_lead_waits_for_are_counted_by_name() -> None:
    holds = (Hold(HoldReason.OPERATOR, NOW), Hold(HoldReason.POISON, NOW))
    counted = tally(replace(LEAD, holds=holds, waits_for="window"))
    assert counted == {"status:new": 1, "hold:operator": 1, "hold:poison": 1, "waits:window": 1}


def test_a_change_that_counts_for_nothing_makes_no_difference() -> None:
    assert difference(LEAD, replace(LEAD, score=0.5)) == {}


def test_a_difference_names_only_what_changes() -> None:
    after = lead_with(LeadStatus.ENRICHED)
    assert difference(LEAD, after) == {"status:new": -1, "status:enriched": 1}


LOST_REASONS = st.none() | st.sampled_from(LostReason)
LEADS = st.builds(
    lambda state, holds, waits_for, mrr: replace(
        LEAD, state=state, holds=holds, waits_for=waits_for, won_mrr=mrr, facts=Facts(expected_mrr=mrr)
    ),
    st.builds(LeadState, st.sampled_from(LeadStatus), LOST_REASONS, st.booleans(), st.booleans()),
    st.sets(st.sampled_from(HoldReason)).map(lambda reasons: tuple(Hold(reason, NOW) for reason in reasons)),
    st.none() | st.sampled_from(["window", "approval"]),
    st.none() | st.decimals(0, 1_000_000, places=2),
)


@given(before=LEADS, after=LEADS)
def test_adding_the_difference_gives_the_tally_of_the_changed_lead(before: Lead, after: Lead) -> None:
    counted = Counter(tally(before))
    counted.update(difference(before, after))
    assert +counted == Counter(tally(after))
    assert min(counted.values()) >= 0

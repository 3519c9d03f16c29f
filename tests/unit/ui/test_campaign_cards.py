"""All campaigns at a glance."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.campaign import Autonomy, CampaignStatus, GoalCounts
from camd.sim.world import people
from camd.ui import campaign_cards
from camd.ui.campaign_cards import PAGE
from tests.unit.ui.dashboard_world import Opened, keys, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


def shown(page_keys: set[str | None]) -> set[str]:
    return {key.removeprefix("dashboard.open.") for key in page_keys if key and key.startswith("dashboard.open.")}


def test_without_campaigns_it_says_where_to_make_one(opened: Opened) -> None:
    assert "*Create New* makes a campaign" in said(opened(campaign_cards.show))


def test_a_page_holds_twenty_and_the_next_one_the_rest(camd: "ServedWorld", opened: Opened) -> None:
    for _ in range(PAGE + 1):
        camd.do(camd.world.campaign(active=False))
    page = opened(campaign_cards.show)
    assert len(shown(keys(page))) == PAGE
    page.button(key="dashboard.campaigns.all.older").click().run()
    assert len(shown(keys(page))) == 1


def test_only_campaigns_of_the_chosen_status_are_shown(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.campaign())
    draft = camd.do(camd.world.campaign(active=False))
    page = opened(campaign_cards.show)
    page.selectbox(key="dashboard.campaigns.status").select(CampaignStatus.DRAFT).run()
    assert shown(keys(page)) == {str(draft.id)}


def test_a_card_says_what_the_campaign_waits_for(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(3), autonomy=Autonomy()))
    camd.wait(hours=1)
    waits = camd.client.outlook(campaign.id).waits
    assert waits
    assert all(f"- {wait.text}" in said(opened(campaign_cards.show)) for wait in waits)


def test_both_counts_stand_beside_a_goal_that_counts_qualified_leads(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(
        camd.world.live(*people(3), target_clients=5, target_mrr=Decimal(1000), mrr_per_client=Decimal(100))
    )
    camd.wait(hours=1)
    one, other, _ = camd.client.leads(campaign.id).items
    camd.client.won(one.id)
    camd.client.qualify(other.id)
    text = said(opened(campaign_cards.show))
    assert "2 of 5 clients: 1 qualified, 1 won" in text
    assert "200 EUR of 1,000 EUR a month: 100 EUR won, 100 EUR expected of the qualified" in text
    assert f"{campaign.definition.daily_email_limit} mails sent today" in text


def test_both_counts_stand_beside_a_goal_that_counts_won_ones(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(2), target_clients=5, goal_counts=GoalCounts.WON))
    camd.wait(hours=1)
    camd.client.qualify(camd.client.leads(campaign.id).items[0].id)
    text = said(opened(campaign_cards.show))
    assert "0 of 5 clients: 1 qualified, 0 won (only won ones count)" in text
    assert "0 EUR a month won; no goal in money" in text


def test_a_campaigns_name_is_no_markdown(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.campaign(name="![x](https:example.com)"))
    assert not any("](" in part.value for part in opened(campaign_cards.show).markdown)

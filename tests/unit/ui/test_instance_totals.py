"""All campaigns together in figures."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.sim.world import people
from camd.ui import instance_totals
from camd.ui.campaign_choice import every_campaign
from camd.ui.instance_totals import totals_of

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld
    from tests.unit.ui.dashboard_world import Opened


def test_campaigns_are_added_up_and_money_by_its_currency(camd: "ServedWorld") -> None:
    for currency in ("EUR", "EUR", "CHF"):
        campaign = camd.do(camd.world.live(*people(2), currency=currency, mrr_per_client=Decimal(100)))
        camd.wait(hours=1)
        one, other = camd.client.leads(campaign.id).items
        camd.client.won(one.id)
        camd.client.qualify(other.id)
    totals = totals_of(every_campaign(camd.client))
    assert totals.revenue == {"EUR": 200, "CHF": 100}
    assert (totals.leads, totals.won, totals.qualified) == (6, 3, 6)
    assert totals.contacted == totals.sent_today == len(camd.world.mail.delivered)


def test_nothing_yet_is_told_as_such(opened: "Opened") -> None:
    page = opened(instance_totals.show)
    assert {metric.label: metric.value for metric in page.metric}["Revenue a month"] == "none yet"
    assert not page.exception

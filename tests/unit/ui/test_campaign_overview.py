"""The overview of a campaign: its goal, what pauses it, what it waits for, and its texts as they are."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import PauseRules, Step
from camd.schema.campaign import Crash
from camd.schema.lead import WonBody
from camd.sim.world import people
from camd.ui import campaign_overview

if TYPE_CHECKING:
    from camd.domain.campaign import Campaign
    from camd.ports.store import Tx
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.text, *page.caption)
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


def tables(page: AppTest) -> str:
    """Every row of every table, its cells apart by bars."""
    rows = [row for table in page.table for row in table.value.to_numpy().tolist()]
    return "\n".join("|".join(str(cell) for cell in row) for row in rows)


def overview(camd: "ServedWorld", opened: Opened, campaign: "Campaign") -> AppTest:
    page = opened(campaign_overview.show, camd.client.campaign(campaign.id))
    assert not page.exception
    assert not page.error
    return page


def test_the_goal_counts_clients_and_money(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(
        camd.world.campaign(*people(2), target_clients=4, target_mrr=Decimal(1000), mrr_per_client=Decimal(250))
    )
    camd.wait(hours=1)
    first, second = camd.client.leads(campaign.id).items
    camd.client.qualify(first.id)
    camd.client.won(second.id, WonBody(mrr=Decimal(300)))
    page = overview(camd, opened, campaign)
    goals = [element.proto.text.replace("\\", "") for element in page.get("progress")]
    assert goals == ["2 of 4 clients (qualified or won)", "550 EUR of 1,000 EUR a month (qualified or won)"]
    figures = {metric.label: metric.value for metric in page.metric}
    assert (figures["Qualified"], figures["Won"], figures["Won a month"]) == ("1", "1", "300 EUR")


def test_without_a_target_it_says_where_to_set_one(camd: "ServedWorld", opened: Opened) -> None:
    page = overview(camd, opened, camd.do(camd.world.campaign()))
    assert "No target is set" in said(page)
    assert "the goal is reached|no target is set|never: no target" in tables(page)


def test_each_pause_rule_stands_beside_its_figure_of_now(camd: "ServedWorld", opened: Opened) -> None:
    rules = PauseRules(loss_rate=0.25, loss_min_contacted=7, age_days=40)
    campaign = camd.do(camd.world.live(*people(4), pause_rules=rules))
    camd.wait(days=3)
    found = tables(overview(camd, opened, campaign))
    assert "too many leads are lost|0 % (0 of 4 contacted)|above 25 %, from 7 contacted on" in found
    assert "too many mails bounce (28 days)|0 % (0 of 4 sent)|above 8 %, from 20 sent on" in found


def test_the_age_counts_the_days_since_it_first_went_live(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.campaign(timezone="Pacific/Auckland"))
    assert "too long without a qualified lead|never live yet" in tables(overview(camd, opened, campaign))
    camd.do(_went_live(camd, campaign))
    camd.wait(days=5)
    assert "5 days since it first went live|after 90 days live" in tables(overview(camd, opened, campaign))


async def _went_live(camd: "ServedWorld", campaign: "Campaign") -> None:
    now = camd.world.clock.now()

    def unit(tx: "Tx") -> None:
        stored = tx.campaigns.get(campaign.id)
        assert stored is not None
        tx.campaigns.save(replace(stored, first_live_at=now))

    await camd.world.store.write(unit)


def test_it_says_what_it_waits_for(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.campaign(*people(1)))
    page = overview(camd, opened, campaign)
    assert "What it waits for" in said(page)
    assert "dry run" in said(page)


def test_a_step_is_shown_as_it_was_written(camd: "ServedWorld", opened: Opened) -> None:
    text = "![x](https://stranger.example/x.png) **{{ first_name }}**\n\n# Hello"
    steps = (Step(1, "A *subject*", text), Step(2, "", "Again", wait_days=Decimal("2.5")))
    page = overview(camd, opened, camd.do(camd.world.campaign(steps=steps)))
    assert [code.value for code in page.code] == [text, "Again"]
    labels = [expander.label for expander in page.expander]
    assert labels == ["Step 1, mail, first: A \\*subject\\*", "Step 2, mail, 2.5 days after the step before"]


def test_without_a_step_it_says_where_to_write_one(camd: "ServedWorld", opened: Opened) -> None:
    assert "Write the first mail under *Edit*" in said(overview(camd, opened, camd.do(camd.world.campaign(steps=()))))


def test_a_crash_is_told_without_its_traceback(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.campaign())
    detail = camd.client.campaign(campaign.id).model_copy(
        update={
            "crash": Crash(
                at=camd.world.clock.now(), error="ZeroDivisionError: by zero", traceback="Traceback (most recent)"
            )
        }
    )
    page = opened(campaign_overview.show, detail)
    assert "ZeroDivisionError" in said(page)
    assert "Traceback" not in said(page)


def test_a_hook_without_an_address_says_why(camd: "ServedWorld", opened: Opened) -> None:
    detail = camd.client.campaign(camd.do(camd.world.campaign()).id)
    hinted = detail.model_copy(update={"hook_urls": {"form": None}, "hook_hint": "set public.base_url"})
    page = opened(campaign_overview.show, hinted)
    assert "set public.base_url" in said(page)

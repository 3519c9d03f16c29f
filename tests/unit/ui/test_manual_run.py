"""The tab Manual Run: dry unless a person says otherwise, and a live run says first how many mails may go out."""

from collections.abc import Callable
from typing import Any

import pytest

# ruff: noqa: E402 - what comes below needs Streamlit
streamlit = pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.client.call import Call
from camd.client.errors import Unreachable
from camd.domain.campaign import CampaignStatus
from camd.sim.world import people
from camd.ui import live_question, manual_run
from camd.ui.visitor import ConsoleClient

Open = Callable[..., AppTest]


def told(page: AppTest) -> str:
    texts = (*page.error, *page.info, *page.markdown, *page.caption, *page.code)
    return "\n".join(item.value for item in texts)


def choose(page: AppTest, *campaigns: Any, dry: bool = True) -> AppTest:
    page.multiselect(key="run.campaigns").set_value([campaign.id for campaign in campaigns])
    page.toggle(key="run.dry").set_value(dry)
    return page.run()


def test_without_a_campaign_it_says_where_to_make_one(opened: Open) -> None:
    assert "**Create New**" in told(opened(manual_run.show))


def test_nothing_runs_before_a_campaign_is_chosen(opened: Open, camd: Any) -> None:
    camd.do(camd.world.live(*people(1)))
    page = opened(manual_run.show)
    assert page.toggle(key="run.dry").value is True
    assert page.button(key="run.run").disabled


def test_a_dry_run_writes_to_nobody_and_shows_the_mails_to_come(opened: Open, camd: Any) -> None:
    campaign = camd.do(camd.world.campaign(*people(2)))
    page = choose(opened(manual_run.show), campaign)
    page.button(key="run.run").click().run()
    assert "a dry cycle: nobody was written to, nothing was paid" in told(page)
    assert "you asked for a dry cycle" in told(page)
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["People found"] == "2"
    assert figures["Previews made"] == "2"
    assert "Hello P0" in told(page)
    assert not page.exception


def test_a_live_run_asks_first_and_names_how_many_mails_may_go_out(opened: Open, camd: Any) -> None:
    campaign = camd.do(camd.world.live(*people(3), daily_email_limit=7))
    page = choose(opened(manual_run.show), campaign, dry=False)
    assert not any(button.key == "run.run" for button in page.button)
    assert "**At most 7 mails may go out**" in told(page)
    assert "What came of it" not in [item.value for item in page.subheader]
    page.button(key="run.live").click().run()
    assert not any(button.key == "run.live" for button in page.button)  # a double click finds nothing to press
    assert "a live cycle" in told(page)
    assert {metric.label for metric in page.metric} >= {"Mails planned", "Mails sent"}


def test_a_live_run_names_the_campaigns_that_stay_dry_and_why(opened: Open, camd: Any) -> None:
    paused = camd.do(camd.world.live(*people(1), name="Resting"))
    camd.do(camd.world.pause(paused))
    dry = camd.do(camd.world.campaign(*people(1), name="Trying"))
    page = choose(opened(manual_run.show), paused, dry, dry=False)
    assert "**No mail may go out**" in told(page)
    assert "Resting (paused)" in told(page)
    assert "Trying (in dry run)" in told(page)


def test_a_live_run_says_when_the_kill_switch_stops_it(opened: Open, camd: Any) -> None:
    campaign = camd.do(camd.world.live(*people(1)))
    camd.do(camd.world.kill())
    page = choose(opened(manual_run.show), campaign, dry=False)
    assert "The kill switch is on" in told(page)


def test_of_many_campaigns_the_own_limits_are_summed_without_asking_for_each(camd: Any) -> None:
    camd.do(camd.world.live(*people(1), daily_email_limit=7))
    (one,) = camd.client.campaigns().items
    many = [one] * (live_question.LOOKED_AT + 1)
    asked = live_question.ask(camd.client, many)
    assert f"**At most {7 * len(many)} mails may go out** of {len(many)} campaigns, by their own limits" in asked


def test_all_means_every_campaign_that_is_not_archived(opened: Open, camd: Any) -> None:
    for name in ("One", "Two", "Gone"):
        made = camd.do(camd.world.campaign(*people(1), name=name))
    camd.do(camd.world.archive(made))
    page = opened(manual_run.show)
    assert page.checkbox(key="run.all").label == "All campaigns that are not archived (2)"
    page.checkbox(key="run.all").check().run()
    page.button(key="run.run").click().run()
    assert sorted(page.dataframe[0].value["campaign"]) == ["One", "Two"]
    second = page.selectbox(key="run.report").options[1]
    page.selectbox(key="run.report").select_index(1).run()
    assert f"**{second}**: a dry cycle" in told(page)


def test_a_click_elsewhere_neither_ends_a_run_nor_makes_a_cycle_twice(opened: Open, camd: Any) -> None:
    campaigns = [camd.do(camd.world.campaign(*people(1), name=name)) for name in ("One", "Two", "Three")]
    asked: list[str] = []

    class Clicked(ConsoleClient):
        """Its visitor clicks somewhere while the first campaign runs, which begins the page anew."""

        def ask(self, call: Call[Any]) -> Any:
            answer = super().ask(call)
            if call.path.endswith("/run-cycle"):
                asked.append(call.path)
                if len(asked) == 1:
                    streamlit.rerun()
            return answer

    with Clicked(socket=camd.world.desk.context.settings.server.socket) as client:
        page = choose(opened(lambda _: manual_run.show(client)), *campaigns)
        page.button(key="run.run").click().run()
    assert len(asked) == len(set(asked)) == 3
    assert "Done: 2 of 3 cycles" in told(page)


class Sleepy(ConsoleClient):
    """Does not answer a run after the first one."""

    runs = 0

    def ask(self, call: Call[Any]) -> Any:
        if call.path.endswith("/run-cycle"):
            self.runs += 1
            if self.runs > 1:
                raise Unreachable("gone")
        return super().ask(call)


def test_what_was_done_is_kept_where_camd_goes_away_and_the_rest_is_not_asked_for(opened: Open, camd: Any) -> None:
    campaigns = [camd.do(camd.world.campaign(*people(1), name=name)) for name in ("One", "Two", "Three")]
    with Sleepy(socket=camd.world.desk.context.settings.server.socket) as client:
        page = choose(opened(lambda _: manual_run.show(client)), *campaigns)
        page.button(key="run.run").click().run()
        assert "camd does not answer" in told(page)
        assert client.runs == 2
        assert "**One**: a dry cycle" in told(page)


def test_a_campaign_that_refuses_is_told_and_the_others_run(opened: Open, camd: Any) -> None:
    one, two = (camd.do(camd.world.campaign(*people(1), name=name)) for name in ("One", "Two"))

    class Late(ConsoleClient):
        """Somebody archives `One` just before it is run."""

        def ask(self, call: Call[Any]) -> Any:
            if call.path.endswith(f"/{one.id}/run-cycle"):
                camd.client.archive(one.id)
            return super().ask(call)

    with Late(socket=camd.world.desk.context.settings.server.socket) as client:
        page = choose(opened(lambda _: manual_run.show(client)), one, two)
        page.button(key="run.run").click().run()
    assert camd.client.campaign(one.id).status is CampaignStatus.ARCHIVED
    assert "**One** was not run:" in told(page)
    assert "**Two**: a dry cycle" in told(page)

"""From dry run to live and back: what stops it, the test mail, what happens first, and the questions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import Autonomy, AutonomyMode
from camd.ports.channel import Refused, Stage
from camd.ports.settings import NotifySettings, Settings
from camd.sim.world import ALWAYS, people, plain_settings
from camd.ui import going_live
from camd.ui.visitor import ConsoleClient

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]
Prepared = Callable[..., AppTest]


@pytest.fixture
def settings(database: Path) -> Settings:
    return replace(plain_settings(database.parent), notify=NotifySettings(email=("op@us.example",)))


@pytest.fixture
def prepared(camd: "ServedWorld", opened: Opened) -> Prepared:
    """The section of a campaign in dry run with three leads; `fields` as in `World.campaign`."""

    def made(active: bool = True, **fields: Any) -> AppTest:
        eager: dict[str, Any] = {"window": ALWAYS, "first_touch_spread_hours": 0.0}
        campaign = camd.do(camd.world.campaign(*people(3), active=active, **(eager | fields)))
        camd.wait(minutes=1)

        def show(client: ConsoleClient) -> None:
            going_live.show(client, client.campaign(campaign.id))

        page = opened(show)
        assert not page.exception
        return page

    return made


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.subheader, *page.markdown, *page.text)
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u2060", "")


def test_what_stops_it_stands_first_with_its_mend_and_no_button_goes_live(prepared: Prepared) -> None:
    page = prepared(steps=())
    assert "The campaign has no step" in page.error[0].value
    assert "Add one in the section Edit" in said(page)
    assert "going_live.live" not in [button.key for button in page.button]


def test_the_first_mails_are_named_with_the_limits(prepared: Prepared) -> None:
    page = prepared()
    text = said(page)
    assert "Nothing stops it." in text
    assert "3 mails on day 1" in text
    assert "Mails wait in Approvals until somebody has let out 10 mails" in text
    assert (
        len([each for each in page.expander if "p0@c0.example" in each.label.replace("\\", "").replace("\u2060", "")])
        == 1
    )
    [row] = page.table[0].value.values
    assert [str(cell).replace("\\", "").replace("\u2060", "") for cell in row] == [
        "sales@us.example",
        "may send",
        "0 of 30",
        "up to 30",
    ]


def test_going_live_asks_with_what_happens_first(camd: "ServedWorld", prepared: Prepared) -> None:
    page = prepared(timezone="Europe/Vienna", autonomy=Autonomy(AutonomyMode.FULL))
    text = said(page)
    assert "Real people are written to from then on" in text
    assert ".example, Mon 5 Jan 2026, 09:00 Europe/Vienna" in text
    assert "Today at most 20 mails go out." in text
    page.button(key="going_live.live").click().run()
    assert not page.exception
    assert not camd.client.campaign(1).dry_run
    assert "is live: real people are written to from now on" in said(page)
    camd.wait(days=1)
    assert len(camd.world.mail.delivered) == 3


def test_a_draft_says_that_it_has_to_be_activated_too(prepared: Prepared) -> None:
    page = prepared(active=False)
    assert "not active: nothing is sent before it is" in said(page)


def test_a_test_mail_goes_to_the_operator_alone_and_its_finding_ends(camd: "ServedWorld", prepared: Prepared) -> None:
    page = prepared()
    assert "Send yourself one below" in said(page)
    page.button(key="going_live.trial").click().run()
    assert not page.exception
    assert [mail.recipient for mail in camd.world.mail.delivered] == ["op@us.example", "op@us.example"]
    assert [row[1] for row in page.table[0].value.values] == ["accepted", "accepted"]
    assert "has a mail of each step" in said(page)
    assert "Send yourself one below" not in said(page)


def test_a_refused_test_mail_shows_what_the_server_said(camd: "ServedWorld", prepared: Prepared) -> None:
    camd.world.mail.answers["op@us.example"] = [Refused(Stage.RCPT, 550, "5.7.1", "550 5.7.1 not from you")]
    page = prepared()
    page.button(key="going_live.trial").click().run()
    assert "Not every test mail was accepted" in said(page)
    assert "not from you" in str(page.table[0].value.values[0][3])


def test_an_address_that_is_not_the_operators_is_refused_in_words(camd: "ServedWorld", prepared: Prepared) -> None:
    page = prepared()
    page.text_input(key="going_live.1.to").input("p0@c0.example")
    page.button(key="going_live.trial").click().run()
    assert "an address of notify.email alone" in said(page)
    assert camd.world.mail.delivered == []


def test_what_came_to_stand_against_it_meanwhile_is_told_with_its_mend(camd: "ServedWorld", prepared: Prepared) -> None:
    page = prepared()
    camd.client.disable_mailbox("sales")
    page.button(key="going_live.live").click().run()
    assert not page.exception
    assert camd.client.campaign(1).dry_run
    assert "The campaign cannot go live" in page.error[0].value
    assert "is disabled" in said(page)


def test_a_mended_finding_ends_when_it_is_checked_again(camd: "ServedWorld", prepared: Prepared) -> None:
    camd.client.disable_mailbox("sales")
    page = prepared()
    assert page.error
    camd.client.enable_mailbox("sales")
    page.button(key="going_live.check").click().run()
    assert not page.error


def test_back_in_dry_run_nothing_more_is_sent(camd: "ServedWorld", prepared: Prepared) -> None:
    page = prepared(dry_run=False, autonomy=Autonomy(AutonomyMode.FULL))
    assert "What stays" in said(page)
    sent = len(camd.world.mail.delivered)
    page.button(key="going_live.dry").click().run()
    assert camd.client.campaign(1).dry_run
    assert "in dry run: nothing more is sent" in said(page)
    camd.wait(days=2)
    assert len(camd.world.mail.delivered) == sent


def test_an_archived_campaign_is_over(camd: "ServedWorld", prepared: Prepared) -> None:
    page = prepared()
    camd.client.archive(1)
    page.run()
    assert "archived" in said(page)
    assert not page.button

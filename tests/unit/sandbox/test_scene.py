"""What is remembered of the ledger while the demonstration runs, and what of it stands on the screen."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from rich.console import Console

from camd.cli.demo import _picture
from camd.domain.campaign import CampaignStatus
from camd.domain.events import EventType
from camd.domain.lead import LeadStatus
from camd.sandbox.mail_world import MailFigures
from camd.sandbox.scene import HAPPENINGS_SHOWN, Happening, Place, Scene, Standing, Watched
from camd.schema.event import Event
from camd.schema.status import MailboxState, MailboxStatus

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLACE = Place("http://127.0.0.1:8000", Path("/d/api.sock"), Path("/d"), Path("/d/camd.toml"), Path("/d/mail/arrived"))
MAIL = MailFigures(accepted=95, deferred=2, refused=0, returned=2, arrived=95, twice=0)


def event(seq: int, kind: EventType = EventType.TOUCH_SENT, campaign_id: int | None = 1) -> Event:
    touch_id = f"to_{seq}" if kind.startswith("touch.") else None
    at = NOW + timedelta(seconds=seq)
    return Event(
        seq=seq,
        at=at,
        type=kind,
        campaign_id=campaign_id,
        lead_id="ld_1",
        touch_id=touch_id,
        actor="engine",
        data={"step": 1},
    )


def standing(name: str, *, waiting: int = 0, status: CampaignStatus = CampaignStatus.ACTIVE) -> Standing:
    leads = {LeadStatus.ENRICHED: 86, LeadStatus.CONTACTED: 20, LeadStatus.LOST: 14}
    sent = {EventType.TOUCH_SENT: 47}
    return Standing(3, name, status, False, leads, 6, 47, 400, sent, waiting)


def shown(*standings: Standing, person: str = "Ada Lovelace") -> str:
    box = MailboxState(
        name="ada",
        address="ada@studio.example",
        status=MailboxStatus.USABLE,
        reason=None,
        detail=None,
        since=None,
        until=None,
        daily_limit=400,
        used_today=34,
        queued=60,
    )
    console = Console(file=StringIO(), width=100, force_terminal=False, markup=False, highlight=False)
    scene = Scene(standings, [box], [Happening(event(1), person)], MAIL, 48.2)
    with console.capture() as capture:
        console.print(_picture(scene, PLACE, "Ctrl-C stops it."))
    return capture.get()


def test_what_became_of_a_campaigns_mails_is_counted_and_only_the_last_events_are_kept() -> None:
    watched = Watched.these([1])
    for seq in range(1, 1001):
        watched.take(event(seq, EventType.TOUCH_SENT if seq % 2 else EventType.TOUCH_DEFERRED))
    watched.take(event(1001, campaign_id=7))
    assert watched.touches == {1: {EventType.TOUCH_SENT: 500, EventType.TOUCH_DEFERRED: 500}}
    assert [each.seq for each in watched.newest] == list(range(1002 - HAPPENINGS_SHOWN, 1002))
    assert watched.seq == 1001


def test_what_comes_by_the_hundred_pushes_nothing_off_the_screen() -> None:
    watched = Watched.these([1])
    watched.take(event(1))
    for seq in range(2, 100):
        watched.take(event(seq, EventType.LEAD_SCORED))
    assert [each.seq for each in watched.newest] == [1]


def test_the_screen_says_how_to_let_go_what_waits() -> None:
    screen = shown(standing("Dental clinics"), standing("Vets and opticians", waiting=22))
    assert "22 wait for a person: camd --config /d/camd.toml touches approve --campaign 3 --all" in screen
    assert "of 95 that arrived 0 came twice" in " ".join(screen.split())
    assert "47/400" in screen
    assert "34/400" in screen


def test_a_campaign_that_rests_says_so_and_a_live_one_does_not() -> None:
    assert "Vets (paused)" in shown(standing("Vets", status=CampaignStatus.PAUSED))
    assert "(" not in shown(standing("Vets"))


def test_a_name_steers_no_terminal() -> None:
    assert "\x1b" not in shown(standing("Vets\x1b[2J"), person="Ada\x1b[2J")

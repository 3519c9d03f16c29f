"""What is remembered of the ledger while the demonstration runs, and what of it stands on the screen."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from camd.cli.demo import _Lines, _picture
from camd.domain.campaign import CampaignStatus, StatusReason
from camd.domain.events import EventType
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadStatus
from camd.sandbox.mail_world import MailFigures
from camd.sandbox.scene import HAPPENINGS_SHOWN, Happening, Heard, Place, Scene, Standing, Watched
from camd.schema.event import Event
from camd.schema.inbound import Inbound
from camd.schema.status import MailboxState, MailboxStatus

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLACE = Place(
    "http://127.0.0.1:8000",
    Path("/d/api.sock"),
    Path("/d"),
    Path("/d/camd.toml"),
    Path("/d/mail/arrived"),
    Path("/d/mail/notices"),
)
MAIL = MailFigures(accepted=95, deferred=2, refused=0, returned=2, written=14, pressed=1, arrived=95, twice=0)


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


def standing(
    name: str,
    *,
    waiting: int = 0,
    status: CampaignStatus = CampaignStatus.ACTIVE,
    reason: StatusReason | None = None,
) -> Standing:
    leads = {LeadStatus.ENRICHED: 86, LeadStatus.CONTACTED: 20, LeadStatus.LOST: 14}
    return Standing(
        id=3,
        name=name,
        status=status,
        reason=reason,
        is_dry=False,
        leads=leads,
        held=6,
        clients=4,
        target_clients=10,
        sent_today=47,
        daily_limit=400,
        touches={EventType.TOUCH_SENT: 47},
        waiting=waiting,
    )


def inbound(text: str, *, number: int = 1, waiting: bool = False) -> Inbound:
    return Inbound.model_validate(
        {
            "id": f"ib_{number}",
            "mailbox": "ada",
            "lead_id": "ld_1",
            "touch_id": "to_1",
            "class": InboundClass.HUMAN_NEUTRAL,
            "evidence": "nothing decided",
            "waiting": waiting,
            "subject": "Re: Booking",
            "text": text,
            "received_at": NOW,
            "sender": "ada@firm.example",
            "until": None,
            "note": None,
        }
    )


BOX = MailboxState(
    name="ada",
    address="ada@studio.example",
    status=MailboxStatus.USABLE,
    reason=None,
    detail=None,
    since=None,
    until=None,
    daily_limit=400,
    limit_today=400,
    limit_tomorrow=400,
    used_today=34,
    queued=60,
)


def scene(*standings: Standing, person: str = "Ada Lovelace", heard: Sequence[Inbound] = ()) -> Scene:
    waiting = sum(each.waiting for each in heard)
    answers = [Heard(each, person) for each in heard]
    return Scene(standings, [BOX], [Happening(event(1), person)], answers, waiting, MAIL, 48.2)


def shown(*standings: Standing, person: str = "Ada Lovelace", heard: Sequence[Inbound] = (), rows: int = 50) -> str:
    console = Console(file=StringIO(), width=100, force_terminal=False, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(_picture(scene(*standings, person=person, heard=heard), PLACE, "Ctrl-C stops it.", rows=rows))
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
    paused = shown(standing("Vets", status=CampaignStatus.PAUSED, reason=StatusReason.GOAL_REACHED))
    assert "Vets is paused: goal_reached, 4 of 10 clients" in paused
    assert "Vets is" not in shown(standing("Vets"))
    assert "Vets (draft)" in shown(standing("Vets", status=CampaignStatus.DRAFT))


def test_the_screen_shows_what_was_heard_and_how_the_review_list_is_worked_off() -> None:
    screen = shown(standing("Vets"), heard=[inbound("How did you\ncome across us?", waiting=True)])
    assert "human_neutral (waits)   Ada Lovelace              How did you come across us?" in screen
    words = " ".join(screen.split())
    assert "1 on the review list: camd --config /d/camd.toml inbox list --waiting" in words
    assert "review list" not in shown(standing("Vets"), heard=[inbound("No, thanks.")])


def test_a_low_screen_shows_the_end_of_each_list_and_its_last_line() -> None:
    heard = [inbound(f"Answer {number}.", number=number) for number in range(6)]
    standings = [standing(name, waiting=9, reason=StatusReason.GOAL_REACHED) for name in ("Vets", "Clinics", "Physios")]
    screen = shown(*standings, heard=heard, rows=24)
    assert "Answer 5." in screen
    assert "Answer 2." not in screen
    assert len(shown(*standings[:1], heard=heard, rows=24).splitlines()) <= 24
    assert all(len(line) <= 100 for line in screen.splitlines())


def test_without_a_terminal_each_answer_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _Lines()
    lines.opened(PLACE)
    first, second = inbound("No, thanks."), inbound("Who is this?", number=2, waiting=True)
    lines.update(scene(standing("Vets"), heard=[first]))
    lines.update(scene(standing("Vets"), heard=[first, second]))
    printed = capsys.readouterr().out
    assert [printed.count("No, thanks."), printed.count("Who is this?")] == [1, 1]
    assert "goal 4/10" in printed


def test_a_name_steers_no_terminal() -> None:
    assert "\x1b" not in shown(standing("Vets\x1b[2J"), person="Ada\x1b[2J", heard=[inbound("Yes\x1b[2J")])

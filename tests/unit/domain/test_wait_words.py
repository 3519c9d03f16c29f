"""Why a campaign waits, as a person reads it."""

from datetime import UTC, date, datetime

import pytest

from camd.domain import wait_words
from camd.domain.campaign import CampaignStatus, StatusReason
from camd.domain.lead import HoldReason

MONDAY = datetime(2025, 11, 24, 8, tzinfo=UTC)
VIENNA = "Europe/Vienna"
PAUSING = set(StatusReason) - {StatusReason.ALL_FINISHED}


def test_an_instant_is_told_in_the_campaigns_zone() -> None:
    assert wait_words.moment(MONDAY, VIENNA) == "Mon 24 Nov, 09:00 Europe/Vienna"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (wait_words.window(MONDAY, VIENNA), "outside the sending window until Mon 24 Nov, 09:00 Europe/Vienna"),
        (wait_words.approval(1), "1 mail waits for your approval"),
        (wait_words.approval(3), "3 mails wait for your approval"),
        (wait_words.campaign_limit(20, 20, date(2025, 11, 27)), "follow-ups took today's 20, next new lead Thu 27 Nov"),
        (
            wait_words.campaign_limit(20, 12, date(2025, 11, 25)),
            "today's 20 mails went out, 12 of them follow-ups, next new lead Tue 25 Nov",
        ),
        (
            wait_words.campaign_limit(20, 0, date(2025, 11, 25)),
            "today's 20 mails went out, next new lead Tue 25 Nov",
        ),
        (
            wait_words.campaign_limit(20, 20, None),
            "follow-ups took today's 20, follow-ups take the days to come",
        ),
        (
            wait_words.mailbox_limit("sales", 5, 5, 7, is_in_ramp=True),
            "mailbox sales in ramp: 5 of 5 sent today, 7 tomorrow",
        ),
        (
            wait_words.mailbox_limit("sales", 50, 50, 50, is_in_ramp=False),
            "mailbox sales: 50 of 50 sent today, 50 tomorrow",
        ),
        (
            wait_words.mailbox_unusable("sales", "the log-in was refused"),
            "mailbox sales does not send: the log-in was refused",
        ),
        (wait_words.mailbox_unusable("sales", None), "mailbox sales does not send"),
        (wait_words.mailbox_pace(1), "1 mail goes out at the mailboxes' pace, one after the other"),
        (wait_words.instance_limit(200, 200), "all campaigns together sent 200 of 200 mails today"),
        (
            wait_words.deferred(2, MONDAY, VIENNA),
            "2 mails were put off by the receivers' servers and are tried again from Mon 24 Nov, 09:00 Europe/Vienna",
        ),
        (wait_words.deferred(1, None, VIENNA), "1 mail was put off by the receivers' servers"),
        (wait_words.provider("apollo", 4, None, VIENNA), "4 questions wait for apollo"),
        (
            wait_words.provider("apollo", 1, MONDAY, VIENNA),
            "1 question waits for apollo, which rests until Mon 24 Nov, 09:00 Europe/Vienna",
        ),
        (wait_words.credits_used_up(2), "2 questions wait for tomorrow's credits"),
        (wait_words.stopped("the kill switch is on", "fire"), "the kill switch is on: fire"),
        (wait_words.stopped("the kill switch is on", None), "the kill switch is on"),
        (wait_words.not_active(CampaignStatus.PAUSED, StatusReason.OPERATOR), "paused by a person"),
        (wait_words.not_active(CampaignStatus.PAUSED, None), "paused"),
        (
            wait_words.not_active(CampaignStatus.COMPLETED, StatusReason.ALL_FINISHED),
            "completed: every lead has come to its end",
        ),
        (wait_words.other("import", 1_200, "lead"), "1,200 leads wait for the end of their import"),
        (wait_words.other("quota:new_kind", 1, "mail"), "1 mail waits (quota new kind)"),
        (wait_words.nothing_due(None, VIENNA), "nothing is due and nothing is planned"),
        (wait_words.nothing_due(MONDAY, VIENNA), "nothing is due before Mon 24 Nov, 09:00 Europe/Vienna"),
    ],
)
def test_a_reason_is_a_sentence_with_its_figures(told: str, words: str) -> None:
    assert told == words


@pytest.mark.parametrize("reason", HoldReason)
def test_every_hold_says_how_many_and_what_ends_it(reason: HoldReason) -> None:
    assert wait_words.held(reason, 2).startswith("2 leads are held ")
    assert wait_words.held(reason, 1).startswith("1 lead is held ")


@pytest.mark.parametrize("reason", sorted(PAUSING))
def test_every_reason_for_a_pause_is_told(reason: StatusReason) -> None:
    assert wait_words.not_active(CampaignStatus.PAUSED, reason).startswith("paused ")


@pytest.mark.parametrize("status", CampaignStatus)
def test_every_status_is_told(status: CampaignStatus) -> None:
    assert wait_words.not_active(status, None)

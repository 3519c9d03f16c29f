from datetime import UTC, datetime

import pytest

from camd.domain.campaign import (
    DEFAULT_WAITS,
    Campaign,
    CampaignStatus,
    Definition,
    IllegalMove,
    StatusChange,
    Verb,
    moved,
)
from camd.domain.facts import CampaignId

DRAFT, ACTIVE, PAUSED, COMPLETED, ARCHIVED = CampaignStatus
AT = datetime(2026, 3, 2, tzinfo=UTC)

MOVES = {
    (DRAFT, Verb.ACTIVATE): ACTIVE,
    (COMPLETED, Verb.ACTIVATE): ACTIVE,
    (PAUSED, Verb.ACTIVATE): ACTIVE,
    (ACTIVE, Verb.PAUSE): PAUSED,
    (PAUSED, Verb.RESUME): ACTIVE,
    (DRAFT, Verb.ARCHIVE): ARCHIVED,
    (ACTIVE, Verb.ARCHIVE): ARCHIVED,
    (PAUSED, Verb.ARCHIVE): ARCHIVED,
    (COMPLETED, Verb.ARCHIVE): ARCHIVED,
}
AGAIN = {
    (ACTIVE, Verb.ACTIVATE): ACTIVE,
    (ACTIVE, Verb.RESUME): ACTIVE,
    (PAUSED, Verb.PAUSE): PAUSED,
    (ARCHIVED, Verb.ARCHIVE): ARCHIVED,
}


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("status", CampaignStatus)
def test_a_person_moves_a_campaign_only_as_the_rules_say(status: CampaignStatus, verb: Verb) -> None:
    target = (MOVES | AGAIN).get((status, verb))
    if target:
        assert moved(status, verb) is target
    else:
        with pytest.raises(IllegalMove, match=f"that is {status} cannot {verb}"):
            moved(status, verb)


def test_the_refusal_names_what_would_be_allowed() -> None:
    with pytest.raises(IllegalMove, match="must be one of: completed, draft, paused"):
        moved(ARCHIVED, Verb.ACTIVATE)


def test_a_campaign_known_by_its_name_alone_is_dry_and_modest() -> None:
    definition = Definition("Q1")
    assert definition.dry_run
    assert (definition.daily_email_limit, definition.no_reply_days) == (20, 30)
    assert definition.first_touch_spread_hours == 6
    assert definition.autonomy.approve_first == 10
    assert (definition.pause_rules.loss_rate, definition.pause_rules.age_days) == (0.50, 90)


def test_follow_ups_wait_3_6_and_12_working_days_by_default() -> None:
    assert [int(days) for days in DEFAULT_WAITS] == [0, 3, 6, 12]


@pytest.mark.parametrize("status", CampaignStatus)
def test_only_an_active_campaign_works_by_itself(status: CampaignStatus) -> None:
    change = StatusChange(status, None, "engine", AT)
    campaign = Campaign(CampaignId(1), Definition("Q1"), change, AT, AT)
    assert campaign.is_active == (status is ACTIVE)

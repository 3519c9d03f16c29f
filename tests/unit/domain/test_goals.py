from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.campaign import Definition, GoalCounts, PauseRules, StatusReason
from camd.domain.goals import (
    Deliveries,
    GoalFigures,
    PauseVerdict,
    bounce_slow,
    goal_progress,
    goal_reached,
    mailbox_must_stop,
    mute_for,
    pause_verdict,
)
from camd.domain.lead import LostReason

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
PLAIN = Definition(name="Q1", timezone="Europe/Berlin")
QUIET = GoalFigures()


def reason_of(
    definition: Definition, figures: GoalFigures, mutes: dict[str, float] | None = None, now: datetime = NOW
) -> StatusReason | None:
    verdict = pause_verdict(definition, figures, mutes or {}, now)
    return verdict.reason if verdict else None


def decided(definition: Definition, figures: GoalFigures) -> PauseVerdict:
    verdict = pause_verdict(definition, figures, {}, NOW)
    assert verdict is not None
    return verdict


def muted(reason: StatusReason, definition: Definition, figures: GoalFigures, now: datetime = NOW) -> dict[str, float]:
    entry = mute_for(reason, definition, figures, now)
    assert entry is not None
    return dict([entry])


CLIENTS = replace(PLAIN, target_clients=10)
MRR = replace(PLAIN, target_mrr=Decimal(5_000))
BOTH = replace(PLAIN, target_clients=10, target_mrr=Decimal(5_000))


def test_qualified_and_won_leads_are_clients() -> None:
    assert goal_reached(CLIENTS, GoalFigures(qualified=7, won=3))
    assert not goal_reached(CLIENTS, GoalFigures(qualified=6, won=3))


def test_a_campaign_that_counts_won_leads_counts_no_others() -> None:
    won_only = replace(BOTH, goal_counts=GoalCounts.WON)
    figures = GoalFigures(qualified=10, won=4, won_mrr=Decimal(4_000), qualified_mrr=Decimal(9_000))
    assert goal_progress(won_only, figures) == 0.4


def test_revenue_is_that_of_the_won_and_what_the_qualified_promise() -> None:
    assert goal_reached(MRR, GoalFigures(won_mrr=Decimal("3000.50"), qualified_mrr=Decimal("1999.50")))
    assert not goal_reached(MRR, GoalFigures(won_mrr=Decimal("3000.50"), qualified_mrr=Decimal("1999.49")))


def test_every_target_that_is_set_has_to_be_met() -> None:
    assert not goal_reached(BOTH, GoalFigures(won=10, won_mrr=Decimal(4_999)))
    assert goal_reached(BOTH, GoalFigures(won=10, won_mrr=Decimal(5_000)))


def test_a_campaign_without_targets_has_no_progress_and_never_reaches_its_goal() -> None:
    figures = GoalFigures(won=1_000, won_mrr=Decimal(10**9))
    assert goal_progress(PLAIN, figures) is None
    assert not goal_reached(PLAIN, figures)


def test_progress_is_the_smallest_share_of_the_targets() -> None:
    assert goal_progress(BOTH, GoalFigures(won=5, won_mrr=Decimal(1_000))) == 0.2


def test_a_target_of_nothing_is_met() -> None:
    assert goal_progress(replace(PLAIN, target_mrr=Decimal(0)), QUIET) == 1


@given(
    clients=st.none() | st.integers(1, 100),
    mrr=st.none() | st.decimals(0, 10_000, places=2),
    won=st.integers(0, 200),
    revenue=st.decimals(0, 20_000, places=2),
)
def test_progress_is_a_share_that_is_whole_exactly_when_the_goal_is_reached(
    clients: int | None, mrr: Decimal | None, won: int, revenue: Decimal
) -> None:
    definition = replace(PLAIN, target_clients=clients, target_mrr=mrr)
    figures = GoalFigures(won=won, won_mrr=revenue)
    progress = goal_progress(definition, figures)
    assert progress is None or 0 <= progress <= 1
    assert (progress == 1) is goal_reached(definition, figures)


def test_a_reached_goal_pauses_with_achieved_and_target() -> None:
    verdict = decided(BOTH, GoalFigures(won=11, won_mrr=Decimal(6_000)))
    assert verdict.reason is StatusReason.GOAL_REACHED
    assert verdict.figures == {"clients": 11, "target_clients": 10, "mrr": 6_000, "target_mrr": 5_000}


def test_a_resumed_goal_stays_silent_until_a_target_changes() -> None:
    figures = GoalFigures(won=20, won_mrr=Decimal(9_000))
    mutes = muted(StatusReason.GOAL_REACHED, BOTH, figures)
    assert reason_of(BOTH, figures, mutes) is None
    assert reason_of(replace(BOTH, target_mrr=Decimal("5000.00")), figures, mutes) is None
    assert reason_of(replace(BOTH, target_clients=12), figures, mutes) is StatusReason.GOAL_REACHED
    assert reason_of(replace(BOTH, target_mrr=None), figures, mutes) is StatusReason.GOAL_REACHED


def losses(contacted: int, **lost: int) -> GoalFigures:
    by_reason = {LostReason(reason): number for reason, number in lost.items()}
    return GoalFigures(contacted=contacted, lost_after_contact=by_reason)


def test_more_than_half_lost_after_contact_pauses_with_the_rate_and_its_parts() -> None:
    verdict = decided(PLAIN, losses(20, negative_reply=5, opted_out=4, complained=1, bounced=1))
    assert verdict.reason is StatusReason.HIGH_LOSS_RATE
    assert verdict.figures == {"loss_rate": 0.55, "lost": 11, "contacted": 20}


@pytest.mark.parametrize(
    "figures",
    [
        losses(20, negative_reply=10),
        losses(9, negative_reply=9),
        losses(20, do_not_contact=20),
        losses(20, no_reply=20),
    ],
    ids=["exactly half", "too few contacted", "no fault of the campaign", "silence"],
)
def test_no_loss_rate_pauses_for(figures: GoalFigures) -> None:
    assert reason_of(PLAIN, figures) is None


def test_silence_counts_as_lost_where_the_campaign_says_so() -> None:
    strict = replace(PLAIN, pause_rules=PauseRules(loss_counts_no_reply=True))
    assert reason_of(strict, losses(20, no_reply=11)) is StatusReason.HIGH_LOSS_RATE


def test_a_resumed_loss_rate_stays_silent_until_it_is_higher_than_then() -> None:
    mutes = muted(StatusReason.HIGH_LOSS_RATE, PLAIN, losses(20, bounced=12))
    assert reason_of(PLAIN, losses(20, bounced=12), mutes) is None
    assert reason_of(PLAIN, losses(21, bounced=13), mutes) is StatusReason.HIGH_LOSS_RATE


def test_a_loss_rate_muted_below_its_threshold_still_needs_the_threshold() -> None:
    mutes = muted(StatusReason.HIGH_LOSS_RATE, PLAIN, QUIET)
    assert reason_of(PLAIN, losses(20, bounced=10), mutes) is None


LIVE_SINCE = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # 1 March, 23:30 in Berlin
AGED = datetime(2026, 5, 30, 22, tzinfo=UTC)  # the first instant of 31 May in Berlin, 91 local dates later
OLD = GoalFigures(first_live_at=LIVE_SINCE)


def test_age_pauses_on_the_local_date_more_than_90_after_the_first_live_one() -> None:
    assert reason_of(PLAIN, OLD, now=AGED - timedelta.resolution) is None
    assert pause_verdict(PLAIN, OLD, {}, AGED) == PauseVerdict(
        StatusReason.AGE_LIMIT, {"days_live": 91, "qualified": 0}
    )


def test_a_campaign_that_ever_qualified_somebody_has_no_age_limit() -> None:
    assert reason_of(PLAIN, replace(OLD, ever_qualified=True)) is None


def test_a_campaign_that_was_never_live_has_no_age() -> None:
    assert reason_of(PLAIN, replace(OLD, first_live_at=None)) is None


def test_a_resumed_age_stays_silent_for_another_90_days() -> None:
    mutes = muted(StatusReason.AGE_LIMIT, PLAIN, OLD, now=NOW)
    again = datetime(2026, 9, 29, 22, tzinfo=UTC)  # the first instant of 30 September in Berlin
    assert reason_of(PLAIN, OLD, mutes, now=again - timedelta.resolution) is None
    assert reason_of(PLAIN, OLD, mutes, now=again) is StatusReason.AGE_LIMIT


def mails(sent: int, hard_bounces: int = 0, hard_5xx_rcpt: int = 0, complaints: int = 0) -> GoalFigures:
    return GoalFigures(last_28_days=Deliveries(sent, hard_bounces, hard_5xx_rcpt), complaints_28d=complaints)


def test_refused_recipients_count_as_bounced_and_as_tried() -> None:
    assert Deliveries(sent=90, hard_bounces=5, hard_5xx_rcpt=10).bounce_rate == 0.15


def test_nothing_tried_bounces_at_no_rate() -> None:
    assert Deliveries().bounce_rate == 0


def test_late_bounces_of_older_mails_lift_no_rate_above_one() -> None:
    assert Deliveries(sent=20, hard_bounces=30).bounce_rate == 1


@pytest.mark.parametrize(
    ("figures", "slow", "paused"),
    [
        (mails(100, hard_bounces=5), False, False),
        (mails(100, hard_bounces=6), True, False),
        (mails(100, hard_bounces=8), True, False),
        (mails(100, hard_bounces=9), True, True),
        (mails(19, hard_bounces=19), False, False),
        (mails(20, hard_5xx_rcpt=2), True, True),
    ],
)
def test_bounces_first_hold_back_first_steps_and_then_pause(figures: GoalFigures, slow: bool, paused: bool) -> None:
    assert bounce_slow(PLAIN, figures) is slow
    assert (reason_of(PLAIN, figures) is StatusReason.BOUNCE_RATE) is paused


def test_bounces_pause_with_the_rate_and_its_parts() -> None:
    assert decided(PLAIN, mails(90, hard_bounces=5, hard_5xx_rcpt=10)).figures == {
        "bounce_rate": 0.15,
        "hard_bounces": 5,
        "hard_5xx_rcpt": 10,
        "sent": 90,
    }


def test_a_resumed_bounce_rate_stays_silent_until_it_is_higher_than_then() -> None:
    mutes = muted(StatusReason.BOUNCE_RATE, PLAIN, mails(100, hard_bounces=10))
    assert reason_of(PLAIN, mails(100, hard_bounces=10), mutes) is None
    assert reason_of(PLAIN, mails(100, hard_bounces=11), mutes) is StatusReason.BOUNCE_RATE


@pytest.mark.parametrize(
    ("sent", "complaints", "paused"), [(1_000, 3, False), (1_000, 4, True), (0, 1, True), (0, 0, False)]
)
def test_complaints_pause_above_three_in_a_thousand(sent: int, complaints: int, paused: bool) -> None:
    assert (reason_of(PLAIN, mails(sent, complaints=complaints)) is StatusReason.COMPLAINT_RATE) is paused


def test_complaints_pause_with_the_rate_and_its_parts() -> None:
    assert decided(PLAIN, mails(100, complaints=1)).figures == {"complaint_rate": 0.01, "complaints": 1, "sent": 100}


def test_a_resumed_complaint_rate_stays_silent_until_it_is_higher_than_then() -> None:
    mutes = muted(StatusReason.COMPLAINT_RATE, PLAIN, mails(100, complaints=1))
    assert reason_of(PLAIN, mails(100, complaints=1), mutes) is None
    assert reason_of(PLAIN, mails(100, complaints=2), mutes) is StatusReason.COMPLAINT_RATE


@pytest.mark.parametrize(
    ("week", "refusals", "stops"),
    [
        (Deliveries(100, hard_bounces=6), 0, True),
        (Deliveries(100, hard_bounces=5), 0, False),
        (Deliveries(19, hard_bounces=19), 0, False),
        (Deliveries(), 1, False),
        (Deliveries(), 2, True),
    ],
)
def test_a_mailbox_stops_for_bounces_or_for_two_refusals_in_a_row(week: Deliveries, refusals: int, stops: bool) -> None:
    assert mailbox_must_stop(week, refusals) is stops


def test_the_first_rule_in_order_is_the_reason_and_muting_it_gives_the_next() -> None:
    everything = GoalFigures(
        contacted=100,
        lost_after_contact={LostReason.BOUNCED: 60},
        won=10,
        won_mrr=Decimal(5_000),
        first_live_at=LIVE_SINCE,
        last_28_days=Deliveries(100, hard_bounces=60),
        complaints_28d=5,
    )
    mutes: dict[str, float] = {}
    seen = []
    while (reason := reason_of(BOTH, everything, mutes)) is not None:
        seen.append(reason)
        mutes |= muted(reason, BOTH, everything)
    assert seen == [
        StatusReason.GOAL_REACHED,
        StatusReason.HIGH_LOSS_RATE,
        StatusReason.AGE_LIMIT,
        StatusReason.BOUNCE_RATE,
        StatusReason.COMPLAINT_RATE,
    ]


def test_a_quiet_campaign_goes_on() -> None:
    assert pause_verdict(BOTH, QUIET, {}, NOW) is None


@pytest.mark.parametrize(
    "reason",
    [StatusReason.OPERATOR, StatusReason.MISCONFIGURED, StatusReason.PARKED, StatusReason.ALL_FINISHED],
)
def test_resuming_mutes_nothing_where_no_rule_had_paused(reason: StatusReason) -> None:
    assert mute_for(reason, PLAIN, QUIET, NOW) is None

import base64
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.events import EventType
from camd.domain.webhooks import (
    ATTEMPTS,
    IN_A_ROW,
    RATES,
    TRIED_FOR,
    Flavour,
    Verdict,
    is_signing_secret,
    judged,
    next_attempt,
    next_probe,
    rest,
    signing_keys,
    slower,
    subscribed,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
rolls = st.floats(0, 1, exclude_max=True)


def schedule(dice: list[float], wait: timedelta | None = None) -> list[timedelta]:
    """When an event that always fails is tried, from its first attempt on."""
    at, made = [timedelta()], 1
    while (next_at := next_attempt(made, NOW, NOW + at[-1], dice[made % len(dice)], wait)) is not None:
        at.append(next_at - NOW)
        made += 1
    return at


@given(st.lists(rolls, min_size=1, max_size=20))
def test_an_event_is_tried_twelve_times_over_72_hours(dice: list[float]) -> None:
    at = schedule(dice)
    assert len(at) == ATTEMPTS == 12
    assert at == sorted(at)
    assert timedelta(hours=57) <= at[-1] <= TRIED_FOR


def test_the_dice_spread_each_attempt_over_the_whole_of_its_slot() -> None:
    earliest, latest = schedule([0.0]), schedule([0.999_999])
    assert earliest[2] == timedelta(seconds=5)
    assert latest[2] == pytest.approx(timedelta(seconds=300), abs=timedelta(seconds=1))
    assert latest[-1] == pytest.approx(TRIED_FOR, abs=timedelta(minutes=1))


@given(rolls, st.integers(0, 71 * 3600))
def test_slots_that_have_gone_by_are_left_out(roll: float, late_seconds: int) -> None:
    now = NOW + timedelta(seconds=late_seconds)
    next_at = next_attempt(1, NOW, now, roll, None)
    assert next_at is None or next_at >= now
    assert next_attempt(ATTEMPTS, NOW, now, roll, None) is None


@given(rolls, st.integers(1, 24 * 3600))
def test_the_receivers_own_wait_is_kept(roll: float, seconds: int) -> None:
    wait = timedelta(seconds=seconds)
    at = schedule([roll], wait)
    assert all(after - before >= wait for before, after in pairwise(at))
    assert len(at) <= ATTEMPTS
    assert at[-1] <= TRIED_FOR + wait


def test_a_wait_of_a_day_leaves_time_for_three_more_attempts() -> None:
    assert len(schedule([0.5], timedelta(hours=24))) == 4


@pytest.mark.parametrize(
    ("flavour", "status", "body", "verdict"),
    [
        ("make", 200, "Accepted", Verdict.DELIVERED),
        ("make", 202, "<html>", Verdict.DELIVERED),
        ("standard", 204, "", Verdict.DELIVERED),
        ("standard", 302, "", Verdict.FAILED),
        ("make", 400, "invalid field email", Verdict.REJECTED),
        ("make", 400, "The QUEUE is full.", Verdict.FAILED),
        ("standard", 400, "", Verdict.FAILED),
        ("slack", 400, "invalid_payload", Verdict.FAILED),
        ("make", 401, "", Verdict.REFUSED),
        ("slack", 403, "invalid_token", Verdict.REFUSED),
        ("standard", 404, "", Verdict.FAILED),
        ("make", 410, "", Verdict.GONE),
        ("standard", 410, "", Verdict.GONE),
        ("make", 413, "", Verdict.REJECTED),
        ("make", 429, "Too many requests", Verdict.THROTTLED),
        ("standard", 500, "", Verdict.FAILED),
        ("standard", 503, "", Verdict.FAILED),
    ],
)
def test_an_answer_means(flavour: Flavour, status: int, body: str, verdict: Verdict) -> None:
    assert judged(flavour, status, body) is verdict


@given(st.sampled_from(["standard", "make", "slack"]), st.integers(100, 999), st.text(max_size=30))
def test_every_answer_means_something(flavour: Flavour, status: int, body: str) -> None:
    assert judged(flavour, status, body) in Verdict


def test_an_endpoint_gets_what_it_names_the_default_or_everything() -> None:
    assert subscribed(()) == {
        EventType.LEAD_REPLIED,
        EventType.LEAD_QUALIFIED,
        EventType.LEAD_WON,
        EventType.LEAD_LOST,
        EventType.CAMPAIGN_PAUSED,
        EventType.CAMPAIGN_COMPLETED,
        EventType.GOAL_REACHED,
    }
    assert subscribed(("touch.sent",)) == {EventType.TOUCH_SENT}
    assert subscribed(("touch.sent", "*")) == set(EventType)


@given(st.integers(1, 10_000), rolls)
def test_an_endpoint_rests_after_five_failures_in_a_row_and_never_for_long(failures: int, roll: float) -> None:
    assert (rest(failures, roll) == timedelta()) or failures >= IN_A_ROW
    assert rest(failures, roll) <= timedelta(minutes=5)
    assert rest(IN_A_ROW + 20, 0.5) == timedelta(minutes=2.5)


def test_a_paused_endpoint_is_probed_every_30_minutes_for_a_day_and_then_every_6_hours() -> None:
    assert next_probe(NOW, NOW) == NOW + timedelta(minutes=30)
    almost = NOW + timedelta(hours=23, minutes=59)
    assert next_probe(NOW, almost) == almost + timedelta(minutes=30)
    assert next_probe(NOW, NOW + timedelta(hours=24)) == NOW + timedelta(hours=30)


def test_half_a_rate_gives_half_as_many_one_at_a_time() -> None:
    half = slower(RATES["make"])
    assert (half.interval, half.burst) == (timedelta(milliseconds=400), 1)


def test_a_secret_is_read_as_its_decoded_bytes_with_or_without_its_padding() -> None:
    assert signing_keys(SECRET) == (bytes(range(24)),)
    assert signing_keys(SECRET.removeprefix("whsec_")) == (bytes(range(24)),)
    unpadded = "whsec_" + base64.b64encode(bytes(range(25))).decode().rstrip("=")
    assert signing_keys(f"{unpadded} {SECRET}") == (bytes(range(25)), bytes(range(24)))
    assert is_signing_secret(SECRET)
    assert not is_signing_secret("shared-key")


@pytest.mark.parametrize(
    "secret", ["", " ", "whsec_", "whsec_short", "whsec_" + "A" * 200, "schön", "not base64 at all!"]
)
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes") as refused:
        signing_keys(secret)
    told = secret.removeprefix("whsec_").strip()
    assert not told or told not in str(refused.value)

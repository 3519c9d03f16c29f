"""What servers answer slows a mailbox, rests it or disables it, over all campaigns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from camd.domain.errors import Failure, Misconfigured, Permanent, Scope, Transient
from camd.domain.events import EventType
from camd.pipeline import mailbox_health
from camd.ports.channel import Refused, Stage
from camd.ports.records import DeliveryFact, DeliveryScope, MailboxReason, MailboxState
from camd.ports.settings import Settings
from camd.ports.store import Tx
from camd.sim.clock import START
from camd.sim.world import OPERATOR, World, simulate

AWAY = Transient("no answer", scope=Scope.MAILBOX)
BAD_PASSWORD = Misconfigured("535 5.7.8 bad password", scope=Scope.MAILBOX)
NOT_FROM_YOU = Permanent("550 to MAIL FROM", scope=Scope.MAILBOX)
CLOSING = Refused(Stage.DATA, 421, "4.3.2", "421 4.3.2 shutting down")
TOO_FAST = Refused(Stage.DATA, 451, "4.7.1", "451 4.7.1 slow down")
BUSY = Refused(Stage.DATA, 451, "4.3.0", "451 4.3.0 try later")
ABOUT_US = Refused(Stage.DOT, 550, "5.7.1", "550 5.7.1 we do not want your mail")
FULL = Refused(Stage.RCPT, 552, "5.2.2", "552 5.2.2 mailbox full")

NOW, MINUTE, HOUR, DAY = timedelta(), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def state(world: World, name: str = "sales") -> MailboxState:
    return await world.store.read(lambda tx: tx.mailboxes.get(name))


async def after(world: World, unit: Callable[[Tx], object]) -> MailboxState:
    await world.store.write(unit)
    return await state(world)


async def failed(world: World, failure: Failure, at: timedelta = NOW) -> MailboxState:
    """`at` is the time since the start; the clock stands still."""
    return await after(world, lambda tx: mailbox_health.failed(tx, world.context, "sales", failure, START + at))


async def refused(world: World, refusal: Refused, at: timedelta = NOW) -> MailboxState:
    return await after(world, lambda tx: mailbox_health.refused(tx, world.context, "sales", refusal, START + at))


async def accepted(world: World, mails: int = 1) -> MailboxState:
    def unit(tx: Tx) -> None:
        for _ in range(mails):
            mailbox_health.accepted(tx, "sales")

    return await after(world, unit)


async def delivered(world: World, fact: DeliveryFact, times: int, at: timedelta = NOW) -> None:
    def unit(tx: Tx) -> None:
        for _ in range(times):
            mailbox_health.count(tx, world.context, "sales", fact, START + at)

    await world.store.write(unit)


async def looked_at(world: World, at: timedelta = NOW) -> MailboxState:
    return await after(world, lambda tx: mailbox_health.look_at_bounces(tx, world.context, "sales", START + at))


async def counted(world: World, fact: DeliveryFact, day: date, name: str = "sales") -> int:
    return await world.store.read(lambda tx: tx.deliveries.since(DeliveryScope.MAILBOX, name, day)[fact])


async def degraded(world: World) -> list[tuple[object, str]]:
    """The reasons told, and who told them."""
    rows = [row.event for row in await world.ledger() if row.event.type is EventType.MAILBOX_DEGRADED]
    assert {event.data["mailbox"] for event in rows} <= {"sales"}
    return [(event.data["reason"], event.actor) for event in rows]


def test_a_mailbox_whose_log_in_is_refused_twice_is_disabled_until_a_person_enables_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = await failed(world, BAD_PASSWORD)
        assert (first.disabled, first.stopped_for, first.stopped_until) == (None, "log_in_refused", START + MINUTE)
        second = await failed(world, BAD_PASSWORD, MINUTE)
        assert (second.disabled, second.since, second.by) == (
            MailboxReason.LOG_IN_REFUSED,
            START + MINUTE,
            "rule:log_in",
        )
        assert second.detail == str(BAD_PASSWORD)
        assert await degraded(world) == [("log_in_refused", "rule:mailbox"), ("log_in_refused", "rule:log_in")]
        assert await counted(world, DeliveryFact.REFUSED_LOG_INS, START.date()) == 2

    simulate(tmp_path, scenario)


def test_a_mailbox_that_is_disabled_is_told_of_once_and_stays_as_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for at in (NOW, MINUTE, HOUR):
            disabled = await failed(world, BAD_PASSWORD, at)
        assert (disabled.disabled, disabled.since) == (MailboxReason.LOG_IN_REFUSED, START + MINUTE)
        assert len(await degraded(world)) == 2
        for failure in (AWAY, NOT_FROM_YOU):
            assert await failed(world, failure, DAY) == disabled

    simulate(tmp_path, scenario)


def test_refused_log_ins_count_in_a_row_only(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await failed(world, BAD_PASSWORD)
        await accepted(world)
        assert (await failed(world, BAD_PASSWORD, HOUR)).disabled is None

    simulate(tmp_path, scenario)


def test_a_mailbox_that_a_person_disabled_names_them(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        disabled = await after(
            world, lambda tx: mailbox_health.disable(tx, "sales", MailboxReason.OPERATOR, START, actor=OPERATOR)
        )
        assert (disabled.disabled, disabled.by, disabled.since) == (MailboxReason.OPERATOR, OPERATOR, START)
        assert await degraded(world) == [("operator", OPERATOR)]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(("refusal", "rate"), [(CLOSING, 0.5), (TOO_FAST, 0.5), (BUSY, 1.0), (ABOUT_US, 1.0)])
def test_a_server_that_asks_for_less_halves_the_pace(tmp_path: Path, refusal: Refused, rate: float) -> None:
    async def scenario(world: World) -> None:
        assert (await refused(world, refusal)).rate == rate

    simulate(tmp_path, scenario)


def test_the_pace_never_falls_below_a_sixteenth(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        rates = [(await refused(world, TOO_FAST)).rate for _ in range(6)]
        assert rates == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 16]

    simulate(tmp_path, scenario)


def test_each_accepted_mail_brings_a_twentieth_of_the_pace_back_and_never_more_than_all(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await refused(world, TOO_FAST)
        assert (await accepted(world)).rate == pytest.approx(0.55)
        assert (await accepted(world, 8)).rate == pytest.approx(0.95)
        assert (await accepted(world, 2)).rate == 1.0

    simulate(tmp_path, scenario)


def test_an_accepted_mail_writes_nothing_of_a_mailbox_that_is_well(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await accepted(world)
        assert await world.store.read(lambda tx: tx.mailboxes.all()) == {}

    simulate(tmp_path, scenario)


def test_a_server_that_closes_rests_the_mailbox_for_a_minute_and_one_that_is_busy_does_not(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for refusal in (BUSY, TOO_FAST):
            assert (await refused(world, refusal)).stopped_until is None
        assert (await refused(world, CLOSING)).stopped_until == START + MINUTE

    simulate(tmp_path, scenario)


async def rests(world: World, times: int, pause: timedelta) -> Sequence[timedelta]:
    """How long it rests after each failure; the next one comes `pause` after the end of the rest."""
    at, found = NOW, []
    for _ in range(times):
        until = (await failed(world, AWAY, at)).stopped_until
        assert until is not None
        found.append(until - START - at)
        at = until - START + pause
    return found


def test_a_mailbox_that_goes_on_failing_rests_twice_as_long_each_time_up_to_an_hour(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        minutes = [rest / MINUTE for rest in await rests(world, 9, pause=timedelta(seconds=5))]
        assert minutes == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    simulate(tmp_path, scenario)


def test_a_mailbox_that_has_worked_meanwhile_rests_as_short_as_at_first(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await rests(world, 3, pause=2 * MINUTE) == [MINUTE] * 3

    simulate(tmp_path, scenario)


def test_a_rest_that_had_another_reason_is_not_doubled(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await failed(world, NOT_FROM_YOU)
        assert (await failed(world, AWAY, HOUR)).stopped_until == START + HOUR + MINUTE

    simulate(tmp_path, scenario)


def test_the_failures_of_one_moment_count_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = await failed(world, AWAY)
        for seconds in (0, 1, 59):
            assert await failed(world, AWAY, timedelta(seconds=seconds)) == first
        assert await degraded(world) == [("trouble", "rule:mailbox")]

    simulate(tmp_path, scenario)


def test_a_server_that_says_when_to_come_again_is_believed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wait = timedelta(minutes=7)
        stopped = await failed(world, Transient("greylisted", scope=Scope.MAILBOX, retry_after=wait))
        assert (stopped.stopped_until, stopped.detail) == (START + wait, "greylisted")

    simulate(tmp_path, scenario)


def test_a_sender_that_is_refused_rests_for_an_hour(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        stopped = await failed(world, NOT_FROM_YOU)
        assert (stopped.stopped_until, stopped.stopped_for) == (START + HOUR, "sender_refused")
        assert stopped.detail == str(NOT_FROM_YOU)
        assert (stopped.since, stopped.by) == (START, "rule:mailbox")

    simulate(tmp_path, scenario)


def test_a_stop_is_never_shortened(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        stopped = await failed(world, NOT_FROM_YOU)
        for failure in (AWAY, BAD_PASSWORD, Transient("later", scope=Scope.MAILBOX, retry_after=MINUTE)):
            later = await failed(world, failure, MINUTE)
            assert (later.stopped_until, later.stopped_for) == (stopped.stopped_until, stopped.stopped_for)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("code", ["5.4.5", "5.1.90", "5.7.233"])
def test_a_mailbox_that_has_sent_what_its_provider_allows_rests_for_an_hour(tmp_path: Path, code: str) -> None:
    async def scenario(world: World) -> None:
        stopped = await refused(world, Refused(Stage.DOT, 550, code, f"550 {code} too many today"))
        assert (stopped.stopped_until, stopped.stopped_for) == (START + HOUR, "provider_limit")

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("code", ["5.1.7", "5.1.8", "5.7.1"])
def test_one_other_refusal_of_us_stops_nothing(tmp_path: Path, code: str) -> None:
    async def scenario(world: World) -> None:
        assert (await refused(world, Refused(Stage.RCPT, 550, code, f"550 {code} no"))).stopped_until is None
        assert await degraded(world) == []

    simulate(tmp_path, scenario)


def test_two_refusals_of_us_in_a_row_stop_the_mailbox_for_a_day_and_count_anew_afterwards(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await refused(world, ABOUT_US)
        stopped = await refused(world, ABOUT_US, HOUR)
        assert (stopped.stopped_until, stopped.stopped_for) == (START + HOUR + DAY, "bounces_or_refusals")
        assert stopped.refusals == 0
        assert await counted(world, DeliveryFact.REFUSALS, START.date()) == 2
        assert (await refused(world, ABOUT_US, 2 * DAY)).stopped_until == stopped.stopped_until

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("code", ["5.1.7", "5.1.8"])
def test_a_refusal_of_the_sender_counts_in_no_row(tmp_path: Path, code: str) -> None:
    async def scenario(world: World) -> None:
        for _ in range(3):
            assert (await refused(world, Refused(Stage.RCPT, 550, code, f"550 {code} no"))).stopped_until is None
        assert await counted(world, DeliveryFact.REFUSALS, date.min) == 0

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("between", [FULL, Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")])
def test_a_refusal_that_is_about_somebody_else_ends_the_row(tmp_path: Path, between: Refused) -> None:
    async def scenario(world: World) -> None:
        for refusal in (ABOUT_US, between, ABOUT_US):
            assert (await refused(world, refusal)).stopped_until is None

    simulate(tmp_path, scenario)


def test_an_accepted_mail_ends_the_row_and_one_that_is_put_off_does_not(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await refused(world, ABOUT_US)
        await accepted(world)
        assert (await refused(world, ABOUT_US)).stopped_until is None
        await refused(world, BUSY)
        assert (await refused(world, ABOUT_US)).stopped_until == START + DAY

    simulate(tmp_path, scenario)


def test_a_refusal_about_somebody_else_writes_nothing_of_a_mailbox_that_is_well(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await refused(world, FULL)
        assert await world.store.read(lambda tx: tx.mailboxes.all()) == {}

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("sent", "hard_bounces", "refused_at_rcpt", "stops"),
    [(20, 1, 0, False), (20, 2, 0, True), (19, 19, 0, False), (20, 0, 1, False), (20, 0, 2, True), (100, 5, 0, False)],
)
def test_more_than_a_twentieth_bounced_of_at_least_20_mails_stops_the_mailbox_for_a_day(
    tmp_path: Path, sent: int, hard_bounces: int, refused_at_rcpt: int, stops: bool
) -> None:
    async def scenario(world: World) -> None:
        await delivered(world, DeliveryFact.SENT, sent)
        await delivered(world, DeliveryFact.HARD_BOUNCES, hard_bounces)
        await delivered(world, DeliveryFact.HARD_5XX_RCPT, refused_at_rcpt)
        assert (await looked_at(world)).stopped_until == (START + DAY if stops else None)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(("days", "stops"), [(6, True), (7, False)])
def test_bounces_are_counted_over_the_last_seven_local_days(tmp_path: Path, days: int, stops: bool) -> None:
    async def scenario(world: World) -> None:
        await delivered(world, DeliveryFact.SENT, 20)
        await delivered(world, DeliveryFact.HARD_BOUNCES, 2)
        stopped = await looked_at(world, days * DAY)
        assert (stopped.stopped_until is not None) is stops

    simulate(tmp_path, scenario)


def in_kiritimati(settings: Settings) -> Settings:
    boxes = {name: replace(box, timezone="Pacific/Kiritimati") for name, box in settings.mailboxes.items()}
    return replace(settings, mailboxes=boxes)


def test_what_is_counted_belongs_to_the_mailboxs_own_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await delivered(world, DeliveryFact.SENT, 1, at=timedelta(hours=4))
        tomorrow = (START + DAY).date()
        assert await counted(world, DeliveryFact.SENT, tomorrow) == 1

    simulate(tmp_path, scenario, settings=in_kiritimati)


def test_a_mailbox_that_is_configured_no_longer_has_neither_days_nor_stops(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        def unit(tx: Tx) -> None:
            mailbox_health.count(tx, world.context, "gone", DeliveryFact.SENT, START)
            mailbox_health.refused(tx, world.context, "gone", ABOUT_US, START)
            mailbox_health.refused(tx, world.context, "gone", ABOUT_US, START)

        await world.store.write(unit)
        assert await counted(world, DeliveryFact.SENT, date.min, "gone") == 0
        assert (await state(world, "gone")).stopped_until is None

    simulate(tmp_path, scenario)

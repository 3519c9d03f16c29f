"""Each fault that has a name in the catalogue is told by it, and by a figure: the table is the test."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import anyio
import pytest

from camd.actors.wake import Doorbells
from camd.actors.watch import Bounds, Watch
from camd.daemon.integrity import check_integrity
from camd.daemon.notify import Notifier, keep_alive
from camd.domain.campaign import Campaign, Step
from camd.domain.errors import Misconfigured, Scope, Transient
from camd.domain.facts import CampaignId, LeadId
from camd.domain.message_id import message_id
from camd.operations import lead_import
from camd.ports.channel import Handover, Refused, Stage, Unknown
from camd.ports.inbox import RawMessage, Unreadable
from camd.ports.store_errors import DatabaseDamaged
from camd.ports.webhooks import TargetRefused
from camd.sim import letters
from camd.sim.inbox import SENT, away
from camd.sim.world import OPERATOR, STEPS, World, people
from camd.store.sqlite import SqliteStore
from camd.telemetry.events import CATALOGUE
from tests.sim.fault_signs import (
    FULL,
    P0,
    Change,
    How,
    Seen,
    Sign,
    answered,
    killed,
    mailbox_in,
    moved,
    plain,
    seen,
    watched,
    while_it_is_handed_over,
)
from tests.sim.test_answers import US, Build, comes, first_mail, quick, says
from tests.sim.test_provider_faults import KINDS, asking
from tests.sim.test_webhooks import FAILS, happen, hook, with_hooks
from tests.simulators.apollo import Fault
from tests.simulators.vendor import Spoilt

RISES, FALLS, STANDS = Change.RISES, Change.FALLS, Change.STANDS
GREYLISTED = Refused(Stage.RCPT, 451, "4.7.1", "451 4.7.1 greylisted")
UNKNOWN_USER = Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")
BLOCKED = Refused(Stage.DOT, 550, "5.6.0", "550 5.6.0 will not")


async def reconciled(world: World) -> AsyncIterator[None]:
    await watched(world)
    sent: list[Handover] = []

    async def note(handover: Handover) -> None:
        sent.append(handover)

    world.mail.answers[P0], world.mail.after_mark = [Unknown("the line went dead")], note
    await world.live(*people(1), steps=STEPS[:1])
    await world.run_for(minutes=2)
    yield
    world.inboxes.deliver("sales", letters.sent_copy(sent[0], US, world.clock.now()), SENT)
    await world.run_for(minutes=30)


async def sleeps(world: World, _: Campaign) -> None:
    world.clock.jump(timedelta(hours=8))


async def says_no(world: World, _: Campaign) -> None:
    await world.opt_out(P0)


async def is_erased(world: World, campaign: Campaign) -> None:
    [lead] = await world.leads(campaign)
    await world.erase(lead)


async def fills_the_disk(world: World, _: Campaign) -> None:
    world.store.trouble = FULL


async def second_sender(world: World) -> AsyncIterator[None]:
    await world.live(*people(1), steps=STEPS[:1])
    handover = await first_mail(world)
    yield
    key = await world.store.read(lambda tx: tx.instance.key())
    foreign = message_id(key, campaign_id=CampaignId(77), lead_id=LeadId("ld_x"), step=1, steps_version=1, sender=US)
    world.inboxes.deliver("sales", letters.sent_copy(handover, US, world.clock.now(), message_id=foreign), SENT)
    await world.run_for(hours=1)


async def database_away(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    world.store.trouble = FULL
    await world.run_for(seconds=20)


async def long_reader(world: World) -> AsyncIterator[None]:
    path = world.settings.database.path
    watch = Watch(world.context, world.health, Doorbells(), path, bounds=Bounds(wal_large=1))
    yield
    await world.live(*people(1))
    with anyio.move_on_after(7):
        await watch.run()


async def damaged_page(world: World) -> AsyncIterator[None]:
    def check(_: object) -> None:
        raise DatabaseDamaged("row 7 missing from index ix_x")

    yield
    inner = world.store._inner
    assert isinstance(inner, SqliteStore)
    await check_integrity(inner.writer, world.context.gate, check=check)


async def loop_stands_still(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_alive, world.health, Notifier({}), timedelta(seconds=3))
        world.clock.block(6)
        await world.run_for(seconds=3)
        tasks.cancel_scope.cancel()


def clock_set(step: timedelta) -> How:
    async def how(world: World) -> AsyncIterator[None]:
        await watched(world)
        yield
        world.clock.jump(step)
        await world.run_for(seconds=10)

    return how


async def zone_removed(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    await world.campaign(*people(1), timezone="Europe/Nowhere")
    await world.run_for(minutes=2)


def vendor(name: str, *faults: str | int | None, minutes: float = 5) -> How:
    async def how(world: World) -> AsyncIterator[None]:
        await asking(world, name, *faults)
        yield
        await world.run_for(minutes=minutes)

    return how


async def vendor_recovers(world: World) -> AsyncIterator[None]:
    case = await asking(world, "millionverifier", *[503] * 6, people=3)
    while not world.context.providers.degraded():
        await world.run_for(seconds=10)
    yield
    while not await case.is_done(people=3):
        await world.run_for(minutes=1)


def comes_back(build: Build) -> How:
    """What arrives after the first mail."""

    async def how(world: World) -> AsyncIterator[None]:
        await world.live(*people(1), steps=STEPS[:1])
        handover = await first_mail(world)
        yield
        await comes(world, build, handover)

    return how


def automatic(handover: Handover, at: datetime) -> EmailMessage:
    return letters.away_note(handover, US, "I am away.", at)


def bounce(handover: Handover, at: datetime) -> EmailMessage:
    return letters.bounce(handover, US, "5.1.1", at)


def from_nobody_known(handover: Handover, at: datetime) -> EmailMessage:
    unknown = replace(handover, message_id="nobody@us.example", recipient="who@elsewhere.example")
    return letters.answer(unknown, US, "Yes, tell me more.", at)


async def unreadable_mail(world: World) -> AsyncIterator[None]:
    async def refuse(raw: RawMessage, mailbox: str) -> Unreadable:  # noqa: ARG001 - the port's signature
        return Unreadable("hash of it", raw.arrived_at, "2000 parts in each other")

    await world.live(*people(1), steps=STEPS[:1])
    handover = await first_mail(world)
    object.__setattr__(world.context.letters, "read", refuse)
    yield
    await comes(world, says("Hello"), handover)


def deaf(minutes: float) -> How:
    async def how(world: World) -> AsyncIterator[None]:
        await world.live(*people(1), steps=STEPS[:1])
        await first_mail(world)
        yield
        world.inboxes.trouble["sales"] = away()
        world.inboxes.wake("sales")
        await world.run_for(minutes=minutes)

    return how


async def bad_line(world: World) -> AsyncIterator[None]:
    campaign = await world.campaign(dry_run=False)
    yield
    rows = b"email,first name\nada@clinic.example,Ada\nbroken@,Bo\n"
    await lead_import.import_csv(world.desk, campaign.id, BytesIO(rows), actor=OPERATOR)


async def missing_variable(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    await world.live(*people(1), steps=(Step(1, "For {{ company }}", "Your {{ custom.plan }}"),))
    await world.run_for(minutes=2)


async def poison(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    world.verifier.crashes_on.add(P0)
    await world.campaign(*people(1))
    await world.run_for(minutes=10)


async def crashes_for_ever(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    await world.crash_at(await world.campaign(*people(1)))
    await world.run_for(minutes=10)


def endpoint(habit: Exception | None, hours: float) -> How:
    async def how(world: World) -> AsyncIterator[None]:
        campaign = await world.campaign(active=False, dry_run=False)
        await world.run_for(minutes=2)
        yield
        world.webhooks.habits["crm"] = lambda _: FAILS if habit is None else habit
        await happen(world, campaign)
        await world.run_for(hours=hours)

    return how


SIGNS = (
    Sign(2, "send.released", 'sends_total{mailbox="sales",result="sent"}', RISES, killed(marked=False), quick),
    Sign(3, "send.unknown", 'sends_total{mailbox="sales",result="unknown"}', RISES, killed(marked=True), quick),
    Sign(4, "send.resolved", "touches_unknown", FALLS, reconciled, quick),
    Sign(12, "daemon.watchdog_late", "event_loop_lag_seconds", RISES, loop_stands_still, quick),
    Sign(14, "send.released", 'clock_jumps_total{direction="forward"}', RISES, while_it_is_handed_over(sleeps), quick),
    Sign(15, "recovery.hold_entered", "recovery_hold", RISES, second_sender, quick),
    Sign(23, "send.gate_closed", 'send_gate_open{reason="database_away"}', FALLS, database_away, quick),
    Sign(24, "db.commit_failed", "ready", FALLS, database_away, quick),
    Sign(
        25,
        "send.gate_closed",
        'send_gate_open{reason="outcome_waits"}',
        FALLS,
        while_it_is_handed_over(fills_the_disk, marked=True),
        quick,
    ),
    Sign(28, "db.wal_large", "db_wal_bytes", RISES, long_reader, quick),
    Sign(29, "db.integrity_failed", 'send_gate_open{reason="damaged"}', FALLS, damaged_page, quick),
    Sign(36, "clock.jumped", 'clock_jumps_total{direction="backward"}', RISES, clock_set(timedelta(hours=-1)), quick),
    Sign(37, "clock.jumped", 'clock_jumps_total{direction="forward"}', RISES, clock_set(timedelta(days=1)), quick),
    Sign(37, "send.gate_closed", 'send_gate_open{reason="clock_jumped"}', FALLS, clock_set(timedelta(days=1)), quick),
    Sign(43, "campaign.status_changed", 'campaigns{status="paused"}', RISES, zone_removed, quick),
    Sign(
        45,
        "send.deferred",
        'sends_total{mailbox="sales",result="deferred"}',
        RISES,
        answered(Refused(Stage.RCPT, 421, "4.3.2", "421 closing")),
        quick,
    ),
    Sign(
        45,
        "mailbox.degraded",
        'mailbox_usable{mailbox="sales"}',
        FALLS,
        mailbox_in(Transient("421 busy", scope=Scope.MAILBOX)),
        quick,
    ),
    Sign(46, "send.rejected", 'sends_total{mailbox="sales",result="rejected"}', RISES, answered(BLOCKED), quick),
    Sign(46, "suppression.added", 'suppressions_total{reason="hard_bounce"}', RISES, answered(UNKNOWN_USER), quick),
    Sign(47, "send.unknown", 'sends_total{mailbox="sales",result="unknown"}', RISES, answered(Unknown("reset")), quick),
    Sign(
        49,
        "mailbox.degraded",
        'mailbox_usable{mailbox="sales"}',
        FALLS,
        mailbox_in(Misconfigured("535 no", scope=Scope.MAILBOX)),
        quick,
    ),
    Sign(51, "send.deferred", 'sends_total{mailbox="sales",result="deferred"}', RISES, answered(GREYLISTED), quick),
    *(
        Sign(
            fault,
            "provider.response_invalid",
            'provider_requests_total{operation="match",provider="apollo",result="uncertain"}',
            RISES,
            vendor("apollo", spoilt),
            plain,
        )
        for fault, spoilt in (
            (52, Spoilt.HTML),
            (53, Spoilt.TRUNCATED),
            (58, Spoilt.DRIP),
            (61, Spoilt.LOST),
        )
    ),
    Sign(
        54,
        "quota.rate_learned",
        'provider_requests_total{operation="verify",provider="millionverifier",result="rate_limited"}',
        RISES,
        vendor("millionverifier", 429),
        plain,
    ),
    Sign(
        55,
        "provider.degraded",
        'provider_state{provider="apollo"}',
        FALLS,
        vendor("apollo", KINDS["apollo"].full_for_years),
        plain,
    ),
    Sign(
        57,
        "provider.degraded",
        'provider_state{provider="millionverifier"}',
        FALLS,
        vendor("millionverifier", *[503] * 30),
        plain,
    ),
    Sign(57, "provider.recovered", 'provider_state{provider="millionverifier"}', RISES, vendor_recovers, plain),
    Sign(56, "inbound.classified", 'inbound_total{class="hard_bounce"}', RISES, comes_back(bounce), quick),
    Sign(
        60,
        "send.released",
        'mailbox_usable{mailbox="sales"}',
        FALLS,
        mailbox_in(Transient("the name mail.us.example was not found", scope=Scope.MAILBOX)),
        quick,
    ),
    Sign(64, "inbound.parse_failed", 'inbound_total{class="unrelated"}', RISES, unreadable_mail, quick),
    Sign(67, "imap.lost", 'imap_last_success_timestamp_seconds{mailbox="sales"}', STANDS, deaf(5), quick),
    Sign(67, "imap.stale", 'imap_last_success_timestamp_seconds{mailbox="sales"}', STANDS, deaf(40), quick),
    Sign(68, "inbound.classified", 'inbound_total{class="out_of_office"}', RISES, comes_back(automatic), quick),
    Sign(
        69, "suppression.added", 'suppressions_total{reason="opted_out"}', RISES, comes_back(says("unsubscribe")), quick
    ),
    Sign(70, "inbound.unmatched", 'inbound_total{class="human_positive"}', RISES, comes_back(from_nobody_known), quick),
    Sign(78, "import.rejected_row", 'log_events_total{level="info"}', RISES, bad_line, quick),
    Sign(81, "lead.held", 'leads_on_hold{reason="missing_variable"}', RISES, missing_variable, quick),
    Sign(84, "lead.held", 'leads_on_hold{reason="poison"}', RISES, poison, quick),
    Sign(84, "actor.crashed", 'actor_restarts_total{reason="crash"}', RISES, poison, quick),
    Sign(85, "actor.parked", "actors_parked", RISES, crashes_for_ever, quick),
    Sign(
        86,
        "lead.erased",
        'suppressions_total{reason="erased"}',
        RISES,
        while_it_is_handed_over(is_erased, marked=True),
        quick,
    ),
    Sign(
        87,
        "suppression.blocked_send",
        'sends_total{mailbox="sales",result="blocked"}',
        RISES,
        while_it_is_handed_over(says_no),
        quick,
    ),
    Sign(
        87,
        "send.blocked",
        'sends_total{mailbox="sales",result="blocked"}',
        RISES,
        while_it_is_handed_over(says_no),
        quick,
    ),
    Sign(
        89,
        "webhook.target_blocked",
        'webhook_attempts_total{result="blocked"}',
        RISES,
        endpoint(TargetRefused("169.254.169.254 is none"), 0.1),
        with_hooks(hook()),
    ),
    Sign(
        90, "webhook.failed", 'webhook_attempts_total{result="failed"}', RISES, endpoint(None, 0.1), with_hooks(hook())
    ),
    Sign(90, "webhook.dead", 'webhook_attempts_total{result="failed"}', RISES, endpoint(None, 80), with_hooks(hook())),
)


@pytest.mark.parametrize("sign", SIGNS, ids=str)
def test_a_fault_is_known_by_its_event_and_its_figure(tmp_path: Path, sign: Sign) -> None:
    told = seen(tmp_path, sign)
    lines = [line for line in told.events if line["event"] == sign.event]
    assert lines, sorted({str(line["event"]) for line in told.events})
    assert {line["level"] for line in lines} == {CATALOGUE[sign.event].level}
    assert moved(sign.change, told.before, told.after), (told.before, told.after)


def test_a_refused_key_is_told_once_and_by_its_figure(tmp_path: Path) -> None:
    figure = 'provider_requests_total{operation="match",provider="apollo",result="auth"}'
    how = vendor("apollo", *[Fault.INVALID_KEY] * 30, minutes=50)
    told = seen(tmp_path, Sign(0, "provider.auth_failed", figure, RISES, how, plain))
    assert [line["provider"] for line in told.events if line["event"] == "provider.auth_failed"] == ["apollo"]
    assert moved(RISES, told.before, told.after)


def test_a_mailbox_that_stops_for_a_while_says_until_when(tmp_path: Path) -> None:
    how = mailbox_in(Transient("421 busy", scope=Scope.MAILBOX))
    told = seen(tmp_path, Sign(0, "mailbox.degraded", 'mailbox_usable{mailbox="sales"}', FALLS, how, quick))
    stops = [(str(line["ts"]), str(line["until"])) for line in told.events if line["event"] == "mailbox.degraded"]
    assert stops
    assert [(at, until) for at, until in stops if until <= at] == []


async def _nothing_happens(world: World) -> AsyncIterator[None]:
    await watched(world)
    yield
    await world.live(*people(1), steps=STEPS[:1])
    await world.run_for(minutes=2)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("healthy")
    return seen(
        folder, Sign(0, "send.sent", 'sends_total{mailbox="sales",result="sent"}', RISES, _nothing_happens, quick)
    )


@pytest.mark.parametrize("event", sorted({sign.event for sign in SIGNS}))
def test_none_of_these_is_told_where_nothing_is_wrong(healthy: Seen, event: str) -> None:
    assert moved(RISES, healthy.before, healthy.after)
    assert event not in {line["event"] for line in healthy.events}

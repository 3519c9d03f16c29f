"""Which mailbox writes to a lead, and whether one may be used."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId, Facts, LeadId, TouchId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.domain.token_bucket import QuotaScope
from camd.pipeline.cycle import run_cycle
from camd.pipeline.mailboxes import Unusable, choose_mailbox, unusable, volumes_left
from camd.ports.records import MailboxReason, MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store import Tx
from camd.sim.world import World, mailbox, people, simulate

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BOXES = {box.name: box for box in (mailbox("big", daily_limit=30), mailbox("small", daily_limit=10))}
ONE = CampaignId(1)


def campaign(*mailboxes: str) -> Campaign:
    active = StatusChange(CampaignStatus.ACTIVE, None, "engine", NOW)
    return Campaign(ONE, Definition("Q1", mailboxes=mailboxes), active, NOW, NOW)


def lead(number: int) -> Lead:
    return Lead(LeadId(f"ld_{number}"), ONE, f"k{number}", LeadState(LeadStatus.ENRICHED), Facts(), NOW, NOW)


def touch(mailbox: str | None, message_id: str | None = None) -> Touch:
    status = TouchStatus.SENT if message_id else TouchStatus.PLANNED
    return Touch(TouchId("to_1"), ONE, LeadId("ld_1"), 1, "email", status, NOW, mailbox=mailbox, message_id=message_id)


async def put(world: World, *states: MailboxState) -> None:
    def unit(tx: Tx) -> None:
        for state in states:
            tx.mailboxes.put(state)

    await world.store.write(unit)


def with_big_and_small(settings: Settings) -> Settings:
    return replace(settings, mailboxes=BOXES)


def test_the_usable_mailbox_with_the_most_volume_left_is_chosen() -> None:
    for number in range(20):
        assert choose_mailbox(BOXES, {"big": 3, "small": 4}, campaign(), lead(number), ()) == "small"
        assert choose_mailbox(BOXES, {"big": -1, "small": -2}, campaign(), lead(number), ()) == "big"
        assert choose_mailbox(BOXES, {"small": -1}, campaign(), lead(number), ()) == "small"


def test_mailboxes_with_as_much_left_share_the_leads_by_their_hash() -> None:
    left = {"big": 5, "small": 5}
    chosen = [choose_mailbox(BOXES, left, campaign(), lead(number), ()) for number in range(400)]
    again = [choose_mailbox(BOXES, left, campaign("small", "big"), lead(number), ()) for number in range(400)]
    assert chosen == again
    assert min(Counter(chosen).values()) > 150


def test_later_steps_stay_with_the_thread_s_mailbox_also_while_it_is_unusable() -> None:
    thread = touch("gone", message_id="<m1@us.example>")
    assert choose_mailbox(BOXES, {"big": 9}, campaign(), lead(1), (thread,)) == "gone"


def test_the_thread_outranks_what_was_planned_for_another_mailbox() -> None:
    touches = (touch("small"), touch("big", message_id="<m1@us.example>"))
    assert choose_mailbox(BOXES, {"big": 1, "small": 9}, campaign(), lead(1), touches) == "big"


def test_a_first_mail_stays_with_the_mailbox_that_it_was_planned_for_while_that_is_usable() -> None:
    planned = touch("small")
    assert choose_mailbox(BOXES, {"big": 9, "small": 1}, campaign(), lead(1), (planned,)) == "small"
    assert choose_mailbox(BOXES, {"big": 9}, campaign(), lead(1), (planned,)) == "big"
    assert choose_mailbox(BOXES, {"big": 9, "small": 1}, campaign("big"), lead(1), (planned,)) == "big"


def test_a_task_has_no_mailbox_that_a_mail_could_stay_with() -> None:
    assert choose_mailbox(BOXES, {"big": 9, "small": 1}, campaign(), lead(1), (touch(None),)) == "big"


def test_where_no_mailbox_is_usable_the_mail_waits_for_one_that_is_configured() -> None:
    waits = [choose_mailbox(BOXES, {}, campaign(), lead(number), ()) for number in range(100)]
    assert set(waits) == {"big", "small"}
    assert choose_mailbox(BOXES, {}, campaign("small"), lead(1), ()) == "small"


def test_only_the_campaign_s_mailboxes_that_are_configured_are_chosen_from() -> None:
    left = {"big": 9, "small": 1}
    assert choose_mailbox(BOXES, left, campaign("small", "unknown"), lead(1), ()) == "small"
    assert choose_mailbox(BOXES, left, campaign("unknown"), lead(1), ()) is None
    assert choose_mailbox({}, {}, campaign(), lead(1), ()) is None


def test_a_mailbox_is_usable_while_it_is_configured_enabled_and_not_stopped(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        now, later = world.clock.now(), world.clock.now() + timedelta(hours=1)
        states = [
            MailboxState("big", disabled=MailboxReason.OPERATOR, stopped_until=later, stopped_for="trouble"),
            MailboxState("small", stopped_until=later, stopped_for="trouble"),
        ]

        async def judged(name: str, at: datetime) -> Unusable | None:
            return await world.store.read(lambda tx: unusable(tx, BOXES, name, at))

        assert await judged("big", now) is None
        await put(world, *states)
        assert await judged("big", later) == Unusable("operator")
        assert await judged("small", now) == Unusable("trouble", later)
        assert await judged("small", later) is None
        assert await judged("gone", now) == Unusable("not_configured")
        await put(world, MailboxState("small", stopped_until=later))
        assert await judged("small", now) == Unusable("stopped", later)

    simulate(tmp_path, scenario)


def test_what_was_sent_today_and_what_is_planned_lessens_a_mailboxs_volume(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        now, yesterday = world.clock.now(), world.clock.now() - timedelta(days=1)
        live = await world.campaign(*people(3), dry_run=False, mailboxes=("big",))
        await run_cycle(world.context, live.id, call_dry=False)
        await world.store.write(lambda tx: tx.quotas.debit(QuotaScope.MAILBOX_DAY, "big", now, 4))
        await world.store.write(lambda tx: tx.quotas.debit(QuotaScope.MAILBOX_DAY, "small", yesterday, 4))
        left = await world.store.read(lambda tx: volumes_left(tx, BOXES, now))
        assert left == {"big": 30 - 4 - 3, "small": 10}

    simulate(tmp_path, scenario, settings=with_big_and_small)


def test_a_mailbox_that_cannot_be_used_has_no_volume_left(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await put(world, MailboxState("big", disabled=MailboxReason.PARKED))
        now = world.clock.now()
        assert await world.store.read(lambda tx: volumes_left(tx, BOXES, now)) == {"small": 10}

    simulate(tmp_path, scenario, settings=with_big_and_small)

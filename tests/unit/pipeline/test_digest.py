"""Once a day what happened since the last time, what waits for a person and what goes out today; nothing else."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Autonomy, AutonomyMode, Campaign, Channel, Step
from camd.domain.events import ENGINE
from camd.domain.facts import InboundId
from camd.domain.inbound import InboundClass
from camd.domain.lead import Won
from camd.pipeline import digest, record
from camd.pipeline.cycle import run_cycle
from camd.pipeline.digest import Digest
from camd.pipeline.track import ANSWERS
from camd.ports.records import DeliveryFact, DeliveryScope, Inbound, MailboxReason, MailboxState, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store import Tx
from camd.sim.clock import START
from camd.sim.world import ALWAYS, World, mailbox, people, simulate

FULL: dict[str, Any] = {
    "autonomy": Autonomy(AutonomyMode.FULL),
    "window": ALWAYS,
    "first_touch_spread_hours": 0.0,
    "dry_run": False,
}


async def composed(world: World) -> Digest | None:
    now = world.clock.now()
    return await world.store.read(lambda tx: digest.compose(tx, world.context, now))


async def told(world: World) -> str:
    """The digest's text, which is remembered as told."""
    made = await composed(world)
    if made is None:
        return ""
    await world.store.write(lambda tx: digest.remember(tx, made))
    return made.text.body


async def counted(world: World, campaign: Campaign, sent: int, answers: int) -> None:
    def unit(tx: Tx) -> None:
        day = START.date()
        tx.deliveries.add(DeliveryScope.CAMPAIGN, str(campaign.id), day, DeliveryFact.SENT, sent)
        tx.counters.add(campaign.id, ANSWERS, answers)

    await world.store.write(unit)


def chapter(body: str, title: str) -> list[str]:
    """The lines below that title."""
    found = [part.splitlines()[1:] for part in body.strip().split("\n\n") if part.startswith(f"{title}:")]
    return found[0] if found else []


def test_a_day_without_news_and_without_anything_to_do_has_no_digest(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await composed(world) is None
        await world.campaign(*people(1), **FULL)
        assert await composed(world) is None

    simulate(tmp_path, scenario)


def test_it_tells_what_happened_since_the_last_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2), name="Dentists\r\nx", target_clients=2, **FULL)
        await run_cycle(world.context, campaign.id, call_dry=False)
        await counted(world, campaign, sent=3, answers=1)
        lead = (await world.leads(campaign))[0]
        await world.store.write(lambda tx: record.apply(tx, lead, (Won(Decimal(5)),), actor=ENGINE, now=START))
        news = chapter(await told(world), "Since the last digest")
        assert news == ["- Dentists x: sent +3, answers +1, won +1; goal reached to 50%"]
        assert await told(world) == ""
        await counted(world, campaign, sent=2, answers=-1)
        assert chapter(await told(world), "Since the last digest")[0].startswith("- Dentists x: sent +2, answers -1")

    simulate(tmp_path, scenario)


def test_what_happened_while_it_was_on_its_way_is_told_the_next_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), name="Dentists", **FULL)
        await counted(world, campaign, sent=3, answers=0)
        made = await composed(world)
        assert made is not None
        await counted(world, campaign, sent=2, answers=0)
        await world.store.write(lambda tx: digest.remember(tx, made))
        assert chapter(await told(world), "Since the last digest") == ["- Dentists: sent +2"]

    simulate(tmp_path, scenario)


def test_an_archived_campaign_is_over(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), **FULL)
        await counted(world, campaign, sent=3, answers=1)
        await world.archive(campaign)
        assert await composed(world) is None

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ((Step(1, "Hi", "Hello"),), "2 mails to approve, the first since 2026-01-05"),
        ((Step(1, "Call", "Ask", Channel.TASK),), "2 tasks to do, the first since 2026-01-05"),
    ],
)
def test_what_waits_for_a_person_is_told_every_day(tmp_path: Path, steps: tuple[Step, ...], what: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2), name="Dentists", dry_run=False, steps=steps)
        await run_cycle(world.context, campaign.id, call_dry=False)
        for _ in range(2):
            assert chapter(await told(world), "Waits for you") == [f"- Dentists: {what}"]

    simulate(tmp_path, scenario)


def test_answers_to_judge_and_mails_of_which_nobody_knows_wait(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), **FULL)
        await run_cycle(world.context, campaign.id, call_dry=False)
        [touch] = await world.touches(campaign)
        lost = replace(touch, status=TouchStatus.UNKNOWN, on_wire_at=START - timedelta(days=1), ready_at=None)
        row = Inbound(InboundId("ib_1"), "sales", "1", InboundClass.HUMAN_NEUTRAL, "", True, START, START, ENGINE)
        await world.store.write(lambda tx: (tx.touches.save(touch, lost), tx.inbox.add(row)))
        assert chapter(await told(world), "Waits for you") == [
            "- 1 answers to judge, the first since 2026-01-05: camd inbox list --waiting",
            "- 1 mails of which nobody knows, the first since 2026-01-04: camd touches list --status unknown",
        ]

    simulate(tmp_path, scenario)


async def today(world: World, campaign: Campaign) -> list[str]:
    await counted(world, campaign, sent=1, answers=0)
    return chapter(await told(world), "Goes out today")


def test_today_is_bound_by_what_is_due(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3), name="Dentists", **FULL)
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert await today(world, campaign) == ["- Dentists: at most 3 (no more is due)"]

    simulate(tmp_path, scenario)


def test_today_is_bound_by_what_is_left_of_the_campaigns_limit(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3), name="Dentists", daily_email_limit=2, **FULL)
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert await today(world, campaign) == ["- Dentists: at most 2 (the campaign's limit of 2)"]

    simulate(tmp_path, scenario)


def boxes(settings: Settings) -> Settings:
    return replace(settings, mailboxes={name: mailbox(name, daily_limit=2) for name in ("sales", "info", "other")})


def test_today_is_bound_by_the_usable_mailboxes_of_the_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        named = ("sales", "info", "gone")
        campaign = await world.campaign(*people(9), name="Dentists", mailboxes=named, **FULL)
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert await today(world, campaign) == ["- Dentists: at most 4 (the mailboxes' volume)"]
        off = MailboxState("info", disabled=MailboxReason.OPERATOR)
        await world.store.write(lambda tx: tx.mailboxes.put(off))
        assert await today(world, campaign) == ["- Dentists: at most 2 (the mailboxes' volume)"]

    simulate(tmp_path, scenario, settings=boxes)


@pytest.mark.parametrize("rests", ["paused", "dry campaign", "dry instance"])
def test_what_sends_nothing_goes_out_today_neither(tmp_path: Path, rests: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), **FULL)
        await run_cycle(world.context, campaign.id, call_dry=False)
        if rests == "paused":
            await world.pause(campaign)
        elif rests == "dry campaign":
            await world.go(campaign, live=False)
        else:
            await world.restart(replace(world.settings, engine=replace(world.settings.engine, dry_run=True)))
        assert await today(world, campaign) == []

    simulate(tmp_path, scenario)

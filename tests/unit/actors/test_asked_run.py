"""The report of a cycle that a person asked for tells what became of what was ready to go."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio

from camd.actors.asked_run import LONGEST_SECONDS
from camd.domain.campaign import Campaign, Enrichment
from camd.domain.facts import Facts
from camd.domain.waterfall import Operation
from camd.pipeline.cycle import run_cycle
from camd.ports.channel import Handover, Refused, Stage, Unknown
from camd.ports.providers import Found
from camd.ports.records import MailboxReason, MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.schema.report import CycleReport
from camd.sim.clock import START
from camd.sim.enrichers import MemoryEnricher, service
from camd.sim.enrichers import found as answer
from camd.sim.world import STEPS, World, people, simulate

NO_SUCH_USER = Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")
BUSY = Refused(Stage.DATA, 451, "4.3.0", "451 4.3.0 try later")


def quick(settings: Settings) -> Settings:
    boxes = settings.mailboxes.items()
    eager = {name: replace(box, min_gap_seconds=0.0, jitter_seconds=0.0) for name, box in boxes}
    return replace(settings, mailboxes=eager)


def email(number: int) -> str:
    return f"p{number}@c{number}.example"


async def one_step(world: World, count: int, first: int = 0, **fields: Any) -> Campaign:
    """`Any`: fields of the definition."""
    return await world.live(*people(count, first), steps=STEPS[:1], **fields)


async def ready(world: World, count: int, **fields: Any) -> tuple[Campaign, list[Touch]]:
    """So many mails may go already before anybody asks. `Any`: fields of the definition."""
    campaign = await one_step(world, count, **fields)
    await run_cycle(world.context, campaign.id, call_dry=False)
    return campaign, await world.touches(campaign)


async def changed(world: World, touch: Touch, **fields: Any) -> None:
    """`Any`: fields of the touch."""
    await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, **fields)))


def figures(report: CycleReport) -> tuple[int, int, int, int]:
    return report.outreach_sent, report.outreach_failed, report.outreach_unknown, report.outreach_skipped


async def statuses(world: World, campaign: Campaign) -> list[TouchStatus]:
    return sorted(touch.status for touch in await world.touches(campaign))


def test_what_was_ready_has_gone_when_the_report_comes_and_nothing_goes_afterwards(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await one_step(world, 3)
        report = await world.cycle(campaign)
        assert (figures(report), report.waiting_for) == ((3, 0, 0, 0), {"nothing_due": 1})
        assert len(world.mail.delivered) == 3
        assert not world.outboxes.is_running
        await ready(world, 2, name="later")
        await anyio.sleep(timedelta(days=1).total_seconds())
        assert len(world.mail.delivered) == 3

    simulate(tmp_path, scenario, settings=quick)


def test_each_outcome_has_its_figure(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.refused.add(email(1))
        world.mail.answers[email(2)] = [BUSY]
        world.mail.answers[email(3)] = [Unknown("connection lost")]

        async def opts_out(handover: Handover) -> None:
            if handover.recipient == email(4):
                await world.opt_out(email(4))

        world.mail.before_mark = opts_out
        campaign = await one_step(world, 6)
        report = await world.cycle(campaign)
        assert figures(report) == (2, 2, 1, 1)
        assert await statuses(world, campaign) == [
            TouchStatus.CANCELLED,
            TouchStatus.DEFERRED,
            TouchStatus.REJECTED,
            TouchStatus.SENT,
            TouchStatus.SENT,
            TouchStatus.UNKNOWN,
        ]

    simulate(tmp_path, scenario, settings=quick)


def test_figures_are_told_once_and_to_their_own_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        one, other = await one_step(world, 2), await one_step(world, 1, first=2)
        assert figures(await world.cycle(one)) == (2, 0, 0, 0)
        assert figures(await world.cycle(one)) == (0, 0, 0, 0)
        assert figures(await world.cycle(other)) == (1, 0, 0, 0)

    simulate(tmp_path, scenario, settings=quick)


def test_what_a_quota_denies_is_skipped_with_its_reason(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        report = await world.cycle(await one_step(world, 3, daily_email_limit=1))
        assert (figures(report), report.waiting_for) == ((1, 0, 0, 2), {"quota:campaign": 2})

    simulate(tmp_path, scenario, settings=quick)


def test_what_a_quota_of_the_recipient_denies_is_skipped_with_its_reason(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.cycle(await one_step(world, 1))
        report = await world.cycle(await one_step(world, 1))
        assert figures(report) == (0, 0, 0, 1)
        assert report.waiting_for["quota:company_new"] == 1

    simulate(tmp_path, scenario, settings=quick)


def test_a_mailbox_that_waits_for_a_person_is_named(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        disabled = MailboxState("sales", disabled=MailboxReason.OPERATOR)
        await world.store.write(lambda tx: tx.mailboxes.put(disabled))
        report = await world.cycle(await one_step(world, 2))
        assert (figures(report), report.waiting_for) == ((0, 0, 0, 2), {"mailbox:sales": 2})

    simulate(tmp_path, scenario)


def test_the_kill_switch_is_named_with_what_it_stops(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.kill()
        report = await world.cycle(await one_step(world, 2))
        assert (figures(report), report.waiting_for) == ((0, 0, 0, 2), {"kill_switch": 2})

    simulate(tmp_path, scenario)


def test_a_mail_whose_mailbox_is_configured_no_longer_is_skipped_without_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, [touch] = await ready(world, 1)
        await changed(world, touch, mailbox="gone", follow_up=True)
        report = await world.cycle(campaign)
        assert (figures(report), report.waiting_for) == ((0, 0, 0, 1), {"nothing_due": 1})

    simulate(tmp_path, scenario)


def test_a_dry_cycle_starts_no_outbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, _ = await ready(world, 1)
        report = await world.cycle(campaign, dry=True)
        assert (report.dry_run, figures(report)) == (True, (0, 0, 0, 0))
        assert (world.mail.delivered, await statuses(world, campaign)) == ([], [TouchStatus.APPROVED])

    simulate(tmp_path, scenario)


def test_a_report_waits_a_minute_for_the_running_outboxes_and_the_next_one_tells_the_rest(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start()
        world.mail.seconds = 100
        campaign = await one_step(world, 1)
        began = world.clock.monotonic()
        assert figures(await world.cycle(campaign)) == (0, 0, 0, 0)
        assert world.clock.monotonic() - began == LONGEST_SECONDS == 60
        await anyio.sleep(60)
        assert world.outboxes.is_running
        assert figures(await world.cycle(campaign)) == (1, 0, 0, 0)

    simulate(tmp_path, scenario, settings=quick)


def test_a_command_without_a_daemon_waits_for_the_mail_it_has_begun(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 100
        campaign = await one_step(world, 1)
        assert figures(await world.cycle(campaign)) == (1, 0, 0, 0)
        assert await statuses(world, campaign) == [TouchStatus.SENT]

    simulate(tmp_path, scenario, settings=quick)


def test_two_who_ask_at_once_wait_only_for_the_mails(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 5
        one, other = await one_step(world, 3), await one_step(world, 3, first=3)
        told: list[tuple[int, int, int, int]] = []

        async def ask(campaign: Campaign) -> None:
            told.append(figures(await world.cycle(campaign)))

        await world.start()
        with anyio.fail_after(LONGEST_SECONDS / 2):
            async with anyio.create_task_group() as asking:
                asking.start_soon(ask, one)
                asking.start_soon(ask, other)
        assert told == [(3, 0, 0, 0)] * 2

    simulate(tmp_path, scenario, settings=quick)


def test_two_who_ask_at_once_beside_no_daemon_share_the_outboxes_or_take_turns(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 5
        one, other = await one_step(world, 3), await one_step(world, 3, first=3)
        with anyio.fail_after(LONGEST_SECONDS / 2):
            async with anyio.create_task_group() as asking:
                asking.start_soon(world.cycle, one)
                asking.start_soon(world.cycle, other)
        assert not world.outboxes.is_running

    simulate(tmp_path, scenario, settings=quick)


def test_what_the_answers_make_ready_goes_out_with_the_same_report(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        offered = service("list", Operation.FIND, at_once=2)
        finder = MemoryEnricher(
            world.clock,
            "list",
            [offered],
            lambda _, facts: answer(Facts(email=f"{facts.first_name}@{facts.company}.example")),
            1.0,
        )
        world.enrichers = [finder]
        await world.restart()
        rows = [Found(f"row {n}", Facts(first_name=f"P{n}", last_name="L", company=f"C{n}")) for n in range(5)]
        campaign = await world.live(*rows, steps=STEPS[:1], enrichment=Enrichment(("list",)))
        report = await world.cycle(campaign)
        assert (report.leads_discovered, report.leads_enriched, report.touches_planned) == (5, 5, 5)
        assert (report.outreach_sent, finder.spent) == (5, Decimal(5))

    simulate(tmp_path, scenario, settings=quick)


def test_a_provider_that_hangs_holds_an_asked_run_up_for_a_minute_at_most(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        finder = MemoryEnricher(world.clock, "list", [service("list", Operation.FIND)], seconds=100.0)
        world.enrichers = [finder]
        await world.restart()
        row = Found("row 1", Facts(first_name="Ann", last_name="Lee", company="Acme"))
        campaign = await world.live(row, enrichment=Enrichment(("list",)))
        report = await world.cycle(campaign)
        assert world.clock.now() - START == timedelta(seconds=100)
        assert report.waiting_for == {"provider:list": 1}

    simulate(tmp_path, scenario)

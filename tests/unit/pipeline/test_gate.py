"""`lead_checks`: every refusal with its reason and the instant at which it may end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from camd.domain.campaign import Campaign, Channel
from camd.domain.contact import parse_address
from camd.domain.facts import Verdict
from camd.domain.lead import Hold, HoldReason, Lead
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import QuotaScope
from camd.pipeline.gate import Check, Reach, lead_checks
from camd.pipeline.hearing import Hearing
from camd.pipeline.send_gate import GateReason
from camd.ports.records import MailboxState, Recovery, Switch, TouchStatus
from camd.ports.settings import LimitSettings, Settings
from camd.ports.store import Tx
from camd.sim.world import INSTANCE_KEY, World, people, simulate

TEN = datetime(2026, 1, 5, 10, tzinfo=UTC)
"""Monday, with the window open in France."""
HOUR = timedelta(hours=1)


async def planned(world: World) -> tuple[Campaign, Lead]:
    campaign = await world.campaign(*people(1), dry_run=False)
    await world.cycle(campaign)
    [lead] = await world.leads(campaign)
    return await world.now(campaign), lead


async def approve(world: World, campaign: Campaign) -> None:
    [touch] = await world.touches(campaign)
    await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=TouchStatus.APPROVED)))


async def checks(world: World, campaign: Campaign, lead: Lead) -> tuple[Check, ...]:
    now = world.clock.now()
    return await world.store.read(lambda tx: lead_checks(tx, world.context, campaign, lead, now))


async def refusals(world: World, campaign: Campaign, lead: Lead) -> list[Check]:
    return [check for check in await checks(world, campaign, lead) if not check.passed]


def refused(name: str, reason: str, until: datetime | None = None, reach: Reach = Reach.TOUCH) -> Check:
    return Check(name, passed=False, reason=reason, until=until, reach=reach)


def test_a_lead_that_may_be_written_to_passes_every_check_in_the_order_of_the_gate(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        found = await checks(world, campaign, lead)
        assert [check.name for check in found if check.passed] == [
            "kill_switch",
            "recovery_hold",
            "gate_open",
            "live",
            "campaign_active",
            "approved",
            "lead_status",
            "address",
            "no_hold",
            "not_suppressed",
            "eligible",
            "country",
            "mailbox",
            "inbox",
            "window",
            "bounces",
            "quota:campaign",
            "quota:mailbox_day",
            "quota:mailbox_24h",
            "quota:mailbox_pace",
            "quota:company_new",
            "quota:company",
            "quota:person",
            "quota:instance",
        ]
        assert all(check.reason is None and check.until is None for check in found)

    def limited(settings: Settings) -> Settings:
        return replace(settings, limits=LimitSettings(instance_daily=5))

    simulate(tmp_path, scenario, start=TEN, settings=limited)


def test_the_instance_refuses_by_kill_switch_and_gate(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        await world.store.write(lambda tx: tx.instance.set_kill_switch(Switch(True, "stop", None, "os:ann")))
        await world.store.write(lambda tx: tx.instance.set_recovery(Recovery(hold=True)))
        world.context.gate.close(GateReason.CLOCK_JUMPED, TEN + HOUR)
        assert await refusals(world, campaign, lead) == [
            refused("kill_switch", "kill_switch", reach=Reach.INSTANCE),
            refused("recovery_hold", "recovery_hold", reach=Reach.INSTANCE),
            refused("gate_open", "gate_closed", TEN + HOUR, Reach.INSTANCE),
        ]
        world.context.gate.close(GateReason.DISK_FULL)
        assert (await refusals(world, campaign, lead))[2].until is None

    simulate(tmp_path, scenario, start=TEN)


def test_dry_runs_and_a_status_that_is_not_active_refuse(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        dry = replace(campaign, definition=replace(campaign.definition, dry_run=True))
        assert await refusals(world, dry, lead) == [refused("live", "dry_run_campaign", reach=Reach.CAMPAIGN)]
        await world.pause(campaign)
        paused = await world.now(campaign)
        assert await refusals(world, paused, lead) == [refused("campaign_active", "operator", reach=Reach.CAMPAIGN)]
        engine = replace(world.settings.engine, dry_run=True)
        await world.restart(replace(world.settings, engine=engine))
        assert (await refusals(world, campaign, lead))[0] == refused("live", "dry_run_instance", reach=Reach.INSTANCE)

    simulate(tmp_path, scenario, start=TEN)


def test_a_draft_names_its_status(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), active=False, dry_run=False)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert await refusals(world, campaign, lead) == [refused("campaign_active", "draft", reach=Reach.CAMPAIGN)]

    simulate(tmp_path, scenario, start=TEN)


def test_a_touch_that_waits_for_a_click_refuses(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await refusals(world, *await planned(world)) == [refused("approved", "approval")]

    simulate(tmp_path, scenario, start=TEN)


def test_holds_refuse_each_for_itself_until_they_end(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        over = Hold(HoldReason.OPERATOR, TEN - 2 * HOUR, until=TEN - HOUR)
        away = Hold(HoldReason.OUT_OF_OFFICE, TEN, until=TEN + HOUR)
        odd = Hold(HoldReason.NEEDS_REVIEW, TEN)
        assert await refusals(world, campaign, replace(lead, holds=(over, away, odd))) == [
            refused("no_hold", "hold:out_of_office", TEN + HOUR),
            refused("no_hold", "hold:needs_review"),
        ]
        assert await refusals(world, campaign, replace(lead, holds=(over,))) == []

    simulate(tmp_path, scenario, start=TEN)


def test_who_is_lost_suppressed_or_in_a_country_that_asks_for_consent_is_refused(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        await world.suppress("c0.example")
        [lost] = await world.leads(campaign)
        assert (await refusals(world, campaign, lost))[:3] == [
            refused("lead_status", "do_not_contact"),
            refused("not_suppressed", "suppressed"),
            refused("eligible", "do_not_contact"),
        ]
        elsewhere = replace(lead, facts=replace(lead.facts, email="a@b.example", country="DE"))
        assert refused("country", "hold:consent_required") in await refusals(world, campaign, elsewhere)
        dead = replace(elsewhere, verdict=Verdict.INVALID)
        assert refused("eligible", "invalid_address") in await refusals(world, campaign, dead)

    def consenting(settings: Settings) -> Settings:
        return replace(settings, countries={"DE": "consent"})

    simulate(tmp_path, scenario, start=TEN, settings=consenting)


def test_outside_the_window_the_refusal_ends_when_it_opens(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        opens = datetime(2026, 1, 5, 8, tzinfo=UTC)  # nine o'clock in Paris
        assert await refusals(world, campaign, lead) == [refused("window", "window", opens)]

    simulate(tmp_path, scenario, start=datetime(2026, 1, 5, 3, tzinfo=UTC))


def test_without_a_mailbox_no_quota_is_asked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        found = await checks(world, campaign, lead)
        assert [check for check in found if not check.passed] == [refused("mailbox", "no mailbox is configured")]
        assert found[-1].name == "bounces"

    def homeless(settings: Settings) -> Settings:
        return replace(settings, mailboxes={})

    simulate(tmp_path, scenario, start=TEN, settings=homeless)


def test_each_quota_that_is_used_up_refuses_until_it_is_free(tmp_path: Path) -> None:
    person = keyed_hash(INSTANCE_KEY, SuppressionKind.ADDRESS, parse_address("p0@c0.example").key)
    tomorrow = datetime(2026, 1, 6, tzinfo=UTC)
    used: list[tuple[QuotaScope, Callable[[Campaign], str], int, datetime]] = [
        (QuotaScope.CAMPAIGN, lambda campaign: str(campaign.id), 20, tomorrow),
        (QuotaScope.MAILBOX_DAY, lambda _: "sales", 30, tomorrow),
        (QuotaScope.MAILBOX_24H, lambda _: "sales", 30, TEN + timedelta(hours=24, minutes=15)),
        (QuotaScope.COMPANY_NEW, lambda _: "c0.example", 1, tomorrow),
        (QuotaScope.COMPANY, lambda _: "c0.example", 3, tomorrow),
        (QuotaScope.PERSON, lambda _: person, 1, TEN + timedelta(hours=72, minutes=15)),
        (QuotaScope.INSTANCE, lambda _: "engine", 5, tomorrow),
    ]

    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)

        def use_up(tx: Tx) -> None:
            for scope, key, amount, _ in used:
                tx.quotas.debit(scope, key(campaign), TEN, amount)

        await world.store.write(use_up)
        await world.store.write(lambda tx: tx.quotas.set_bucket("mailbox_pace:sales", TEN + HOUR))
        found = {check.name: (check.reason, check.until) for check in await refusals(world, campaign, lead)}
        assert found == {f"quota:{scope}": (f"quota:{scope}", until) for scope, _, _, until in used} | {
            "quota:mailbox_pace": ("quota:mailbox_pace", TEN + HOUR)
        }

    def limited(settings: Settings) -> Settings:
        return replace(settings, limits=LimitSettings(instance_daily=5))

    simulate(tmp_path, scenario, start=TEN, settings=limited)


def test_a_company_that_was_written_to_before_needs_no_new_contact(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        [touch] = await world.touches(campaign)
        await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, follow_up=True)))
        assert "quota:company_new" not in {check.name for check in await checks(world, campaign, lead)}

    simulate(tmp_path, scenario, start=TEN)


def test_a_person_without_company_or_address_has_no_quota_of_theirs(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        nobody = replace(lead, facts=replace(lead.facts, email=None))
        names = {check.name for check in await checks(world, campaign, nobody)}
        assert names & {"quota:company_new", "quota:company", "quota:person"} == set()

    simulate(tmp_path, scenario, start=TEN)


def test_a_task_needs_no_mailbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        [touch] = await world.touches(campaign)
        task = replace(touch, channel=Channel.TASK, mailbox=None)
        await world.store.write(lambda tx: tx.touches.save(touch, task))
        assert "mailbox" not in {check.name for check in await checks(world, campaign, lead)}

    simulate(tmp_path, scenario, start=TEN)


def test_a_mailbox_that_may_not_send_is_named(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        await approve(world, campaign)
        stopped = MailboxState("sales", stopped_until=TEN + HOUR, stopped_for="trouble")
        await world.store.write(lambda tx: tx.mailboxes.put(stopped))
        assert await refusals(world, campaign, lead) == [refused("mailbox", "mailbox:sales", TEN + HOUR, Reach.MAILBOX)]

    simulate(tmp_path, scenario, start=TEN)


def test_a_follow_up_waits_briefly_for_the_first_reading_and_longer_for_an_inbox_in_trouble(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await planned(world)
        written_to = replace(lead, state=replace(lead.state, ever_handed_over=True))
        [touch] = await world.touches(campaign)
        follow_up = replace(touch, status=TouchStatus.APPROVED, follow_up=True)
        await world.store.write(lambda tx: tx.touches.save(touch, follow_up))
        context = world.context
        started = Hearing(context.settings.mailboxes, world.clock, context.metrics)
        deaf = replace(context, hearing=started)

        async def refused_until() -> datetime | None:
            found = await world.store.read(lambda tx: lead_checks(tx, deaf, campaign, written_to, TEN))
            [inbox] = [check for check in found if check.name == "inbox"]
            return None if inbox.passed else inbox.until

        assert await refused_until() == TEN + timedelta(seconds=5)
        started.failed("sales", "LOGIN refused")
        assert await refused_until() == TEN + timedelta(minutes=1)
        started.heard("sales")
        assert await refused_until() is None

    simulate(tmp_path, scenario, start=TEN)

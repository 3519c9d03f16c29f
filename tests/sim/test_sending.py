"""What a person sees of live sending: who gets what, in which order, and what wins when two things happen at once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from camd.domain.campaign import Campaign, Step
from camd.domain.errors import Misconfigured, Scope
from camd.domain.lead import LeadStatus, LostReason
from camd.operations import leads
from camd.ports.channel import Handover
from camd.ports.records import TouchStatus
from camd.ports.settings import Settings
from camd.schema.lead import LeadPatch
from camd.sim.world import OPERATOR, STEPS, World, mailbox, people, simulate

P0 = "p0@c0.example"
IDLE_SECONDS = 6 * 3600.0
Change = Callable[[World, Campaign], Awaitable[None]]


def boxes(*names: str, gap: float = 60) -> Callable[[Settings], Settings]:
    made = {name: replace(mailbox(name), min_gap_seconds=gap, jitter_seconds=0) for name in names}
    return lambda settings: replace(settings, mailboxes=made)


async def opts_out(world: World, _: Campaign) -> None:
    await world.opt_out(P0)


async def pauses(world: World, campaign: Campaign) -> None:
    await world.pause(campaign)


async def kills(world: World, _: Campaign) -> None:
    await world.kill()


async def tags(world: World, campaign: Campaign) -> None:
    [lead] = await world.leads(campaign)
    await leads.change(world.desk, lead.id, LeadPatch(tags=("DNC",)), actor=OPERATOR)


async def erases(world: World, campaign: Campaign) -> None:
    [lead] = await world.leads(campaign)
    await world.erase(lead)


@pytest.mark.parametrize("change", [opts_out, pauses, kills, tags, erases])
def test_what_a_person_does_between_intent_and_data_wins(tmp_path: Path, change: Change) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS[:1])
        seen: list[Handover] = []

        async def happens(handover: Handover) -> None:
            if not seen:
                seen.append(handover)
                [touch] = await world.touches(campaign)
                assert touch.status is TouchStatus.INTENT
                await change(world, campaign)

        world.mail.before_mark = happens
        await world.run_for(hours=3)
        assert (len(seen), world.mail.delivered) == (1, [])
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=boxes("sales"))


def test_a_pause_that_ends_lets_the_same_message_go(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS[:1])
        seen: list[str] = []

        async def pauses_once(handover: Handover) -> None:
            if not seen:
                await world.pause(campaign)
            seen.append(handover.message_id)

        world.mail.before_mark = pauses_once
        await world.run_for(hours=1)
        await world.resume(campaign)
        await world.run_for(minutes=1)
        assert [handover.message_id for handover in world.mail.delivered] == seen[1:] == seen[:1]

    simulate(tmp_path, scenario, settings=boxes("sales"))


def test_a_lead_tagged_do_not_contact_after_planning_is_not_written_to(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1))
        await world.kill()
        await world.run_for(hours=1)
        [touch] = await world.touches(campaign)
        assert touch.status is TouchStatus.APPROVED
        await tags(world, campaign)
        await world.kill(on=False)
        await world.run_for(hours=2)
        assert world.mail.delivered == []
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario, settings=boxes("sales"))


def test_two_connections_of_one_mailbox_take_turns_as_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 1.0
        first = await world.live(*people(10), steps=STEPS[:1])
        second = await world.live(*people(10, first=100), steps=STEPS[:1])
        await world.run_for(hours=1)
        numbers = [int(handover.recipient[1:].partition("@")[0]) for handover in world.mail.delivered]
        served = [second.id if number >= 100 else first.id for number in numbers]
        assert len(served) == 20
        assert all(one != other for one, other in pairwise(served))

    simulate(tmp_path, scenario, settings=boxes("sales", gap=0))


def test_two_campaigns_on_one_mailbox_are_served_in_turn(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = await world.live(*people(20), steps=STEPS[:1])
        second = await world.live(*people(20, first=100), steps=STEPS[:1])
        await world.run_for(hours=8)
        numbers = [int(handover.recipient[1:].partition("@")[0]) for handover in world.mail.delivered]
        served = [second.id if number >= 100 else first.id for number in numbers]
        assert len(served) == 30
        assert all(one != other for one, other in pairwise(served))

    simulate(tmp_path, scenario, settings=boxes("sales", gap=600))


def test_inside_a_campaign_follow_ups_go_first_then_the_better_score_then_age(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        early = people(2)
        campaign = await world.live(*early, steps=STEPS)
        await world.run_for(hours=1)
        assert len(world.mail.delivered) == 2
        await world.kill()
        await world.run_for(days=3)
        plain, better = people(2, first=10)
        better = replace(better, facts=replace(better.facts, tags=("hot",)))
        world.source.lists[campaign.definition.name] += [plain, better]
        await world.store.write(lambda tx: tx.sources.forget(campaign.id))
        await world.cycle(campaign)
        await world.run_for(hours=1)
        await world.kill(on=False)
        await world.run_for(hours=3)
        order = [handover.recipient.partition("@")[0] for handover in world.mail.delivered[2:]]
        assert order == ["p0", "p1", "p11", "p10"]

    simulate(tmp_path, scenario, settings=boxes("sales"), start=datetime(2026, 1, 5, 10, tzinfo=UTC))


def test_a_mailbox_whose_server_hangs_delays_no_other(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async def hangs(handover: Handover) -> None:
            if handover.mailbox == "hanging":
                await anyio.sleep_forever()

        world.mail.before_mark = hangs
        await world.live(*people(10), steps=STEPS[:1], mailboxes=("hanging",))
        await world.live(*people(10, first=100), steps=STEPS[:1], mailboxes=("sound",))
        await world.run_for(minutes=12)
        assert [handover.mailbox for handover in world.mail.delivered] == ["sound"] * 10

    simulate(tmp_path, scenario, settings=boxes("hanging", "sound"))


def test_a_first_mail_goes_by_the_mailbox_with_the_most_volume_left(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(40), steps=STEPS[:1])
        await world.cycle(campaign)
        planned = [touch.mailbox for touch in await world.touches(campaign)]
        assert (planned.count("big"), planned.count("small")) == (30, 10)

    def uneven(settings: Settings) -> Settings:
        return replace(settings, mailboxes={"big": mailbox("big"), "small": mailbox("small", daily_limit=10)})

    simulate(tmp_path, scenario, settings=uneven)


def test_later_steps_stay_with_their_mailbox_and_wait_while_first_ones_go_elsewhere(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(8))
        await world.run_for(minutes=30)
        by = {handover.recipient: handover.mailbox for handover in world.mail.delivered}
        assert set(by.values()) == {"one", "two"}
        world.mail.trouble["one"] = Misconfigured("535 no", scope=Scope.MAILBOX)
        world.source.lists[campaign.definition.name] += people(8, first=20)
        await world.store.write(lambda tx: tx.sources.forget(campaign.id))
        await world.run_for(days=4)
        first_steps = [it for it in world.mail.delivered[8:] if not it.references]
        follow_ups = [it for it in world.mail.delivered[8:] if it.references]
        # One was tried by the mailbox that is out of order, and stays there with its Message-ID.
        assert len(first_steps) == 7
        assert {it.mailbox for it in first_steps + follow_ups} == {"two"}
        assert {it.recipient for it in follow_ups} >= {it for it in by if by[it] == "two"}
        del world.mail.trouble["one"]
        await world.enable("one")
        await world.run_for(hours=1)
        late = [it for it in world.mail.delivered if it.mailbox == "one"]
        assert {it.recipient for it in late if it.references} == {it for it in by if by[it] == "one"}
        assert len([it for it in world.mail.delivered if not it.references]) == 16

    simulate(tmp_path, scenario, settings=boxes("one", "two"))


def test_a_follow_up_answers_in_the_thread_of_the_first_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.roster_seconds = IDLE_SECONDS
        steps = (*STEPS, Step(3, "Last", "Bye {{ first_name }}", wait_days=STEPS[1].wait_days))
        await world.live(*people(1), steps=steps)
        await world.run_for(days=12)
        first, second, third = world.mail.delivered
        assert [it.subject for it in (first, second, third)] == ["For C0", "Re: For C0", "Re: For C0"]
        assert (first.references, second.references) == ((), (first.message_id,))
        assert third.references == (first.message_id, second.message_id)
        at = [arrival.at for arrival in world.arrivals]
        assert [later - earlier >= timedelta(days=3) for earlier, later in pairwise(at)] == [True, True]

    simulate(tmp_path, scenario, settings=boxes("sales"))


def test_a_lead_that_was_written_to_by_every_step_and_never_answered_is_lost_after_thirty_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.roster_seconds = IDLE_SECONDS
        campaign = await world.live(*people(1))
        await world.run_for(days=40)
        [lead] = await world.leads(campaign)
        assert (lead.status, lead.state.lost_reason) == (LeadStatus.LOST, LostReason.NO_REPLY)
        assert len(world.mail.delivered) == 2

    simulate(tmp_path, scenario, settings=boxes("sales"))

"""Whose a message is: our Message-IDs outrank what a report says, and that outranks the sender."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign
from camd.domain.inbound import BounceKind, InboundClass
from camd.pipeline import matching
from camd.pipeline.matching import Match
from camd.ports.inbox import Letter, Reading, Report
from camd.ports.records import MatchedBy, Touch, TouchStatus
from camd.sim.clock import START
from camd.sim.world import World, people, simulate

P0, P1 = "p0@c0.example", "p1@c1.example"
OTHER = "assistant@elsewhere.example"


def letter(kind: InboundClass = InboundClass.HUMAN_NEUTRAL, *reports: Report, **fields: Any) -> Letter:
    """`Any`: fields of the letter."""
    plain = Letter("1", START, "x@them.example", OTHER, None, (), (), False, "", "", Reading(kind, "", reports=reports))
    return replace(plain, **fields)


def report(recipient: str | None, *message_ids: str, kind: BounceKind = BounceKind.HARD) -> Report:
    return Report(recipient, kind, None, "", message_ids)


async def written(world: World, number: int, *, sent: bool = True) -> tuple[Campaign, Touch]:
    """A campaign that has written to that person, under the Message-ID `m<its number>`."""
    campaign = await world.campaign(*people(1, number), dry_run=False)
    await world.cycle(campaign)
    [touch] = await world.touches(campaign)
    if sent:
        at = world.clock.now()
        after = replace(touch, status=TouchStatus.SENT, message_id=f"m{campaign.id}@us.example", sent_at=at)
        touch = await world.store.write(lambda tx: tx.touches.save(touch, after))
    return campaign, touch


async def found(world: World, mail: Letter) -> Match:
    return await world.store.read(lambda tx: matching.find(tx, mail))


def whose(match: Match) -> tuple[str | None, int | None, MatchedBy | None]:
    lead, touch = match.lead, match.touch
    return (lead.facts.email if lead else None), (touch.campaign_id if touch else None), match.by


def test_a_message_id_of_ours_outranks_the_sender(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, _ = await written(world, 0)
        await written(world, 1)
        answer = letter(sender=P1, thread=("unknown@x.example", f"m{first.id}@us.example"))
        assert whose(await found(world, answer)) == (P0, first.id, MatchedBy.MESSAGE_ID)

    simulate(tmp_path, scenario)


def test_a_mail_that_a_provider_renamed_is_found_by_its_new_name(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, touch = await written(world, 0)
        await world.store.write(lambda tx: tx.touches.add_alias("renamed@provider.example", touch.id))
        answer = letter(thread=("renamed@provider.example",))
        assert whose(await found(world, answer)) == (P0, first.id, MatchedBy.MESSAGE_ID)

    simulate(tmp_path, scenario)


def test_a_message_id_in_a_report_outranks_the_address_in_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, _ = await written(world, 0)
        await written(world, 1)
        bounce = letter(InboundClass.HARD_BOUNCE, report(P1, f"m{first.id}@us.example"))
        assert whose(await found(world, bounce)) == (P0, first.id, MatchedBy.MESSAGE_ID)

    simulate(tmp_path, scenario)


def test_of_several_recipients_the_lead_itself_is_told_of(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, _ = await written(world, 0)
        ours = f"m{first.id}@us.example"
        reports = (report(OTHER, ours), report(None, ours), report(P0.upper(), ours, kind=BounceKind.SOFT))
        match = await found(world, letter(InboundClass.SOFT_BOUNCE, *reports))
        assert match.report == reports[2]
        match = await found(world, letter(InboundClass.SOFT_BOUNCE, *reports[:2]))
        assert match.report == reports[0]

    simulate(tmp_path, scenario)


def test_a_report_without_our_message_id_is_matched_by_its_address(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, _ = await written(world, 0)
        reports = (report(None), report("no address"), report(OTHER), report(P0))
        match = await found(world, letter(InboundClass.COMPLAINT, *reports, sender=P1))
        assert whose(match) == (P0, first.id, MatchedBy.REPORT)
        assert match.report == reports[3]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("reports", [(), (report(OTHER),)])
def test_a_report_of_nobody_known_is_nobodys_whoever_sent_it(tmp_path: Path, reports: tuple[Report, ...]) -> None:
    async def scenario(world: World) -> None:
        await written(world, 0)
        match = await found(world, letter(InboundClass.DELAYED, *reports, sender=P0))
        assert match == Match(report=reports[0] if reports else None)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("sender", [None, "", "Ann Lee", OTHER])
def test_who_is_no_lead_is_nobody(tmp_path: Path, sender: str | None) -> None:
    async def scenario(world: World) -> None:
        await written(world, 0)
        assert await found(world, letter(sender=sender)) == Match()

    simulate(tmp_path, scenario)


async def sent_later(world: World, touch: Touch) -> None:
    later = replace(touch, sent_at=world.clock.now() + timedelta(hours=1))
    await world.store.write(lambda tx: tx.touches.save(touch, later))


async def on_the_wire(world: World, touch: Touch) -> None:
    flying = replace(touch, status=TouchStatus.ON_WIRE, sent_at=None, on_wire_at=world.clock.now() + timedelta(hours=1))
    await world.store.write(lambda tx: tx.touches.save(touch, flying))


@pytest.mark.parametrize("changed", [sent_later, on_the_wire])
def test_a_person_of_several_campaigns_answers_the_one_that_wrote_last(
    tmp_path: Path, changed: Callable[[World, Touch], Any]
) -> None:
    async def scenario(world: World) -> None:
        first, touch = await written(world, 0)
        await written(world, 0)
        await written(world, 0, sent=False)
        await changed(world, touch)
        answer = letter(sender="P0+news@C0.example")
        assert whose(await found(world, answer)) == (P0, first.id, MatchedBy.SENDER)

    simulate(tmp_path, scenario)


def test_whom_nobody_wrote_to_yet_is_known_too(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world, 0, sent=False)
        match = await found(world, letter(sender=P0))
        assert whose(match) == (P0, None, MatchedBy.SENDER)

    simulate(tmp_path, scenario)


def test_an_erased_person_is_found_by_our_message_id_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, _ = await written(world, 0)
        [lead] = await world.leads(first)
        await world.erase(lead)
        assert await found(world, letter(sender=P0)) == Match()
        answer = letter(sender=P0, thread=(f"m{first.id}@us.example",))
        assert whose(await found(world, answer)) == (None, first.id, MatchedBy.MESSAGE_ID)

    simulate(tmp_path, scenario)

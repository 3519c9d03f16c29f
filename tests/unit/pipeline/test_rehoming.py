"""What no mail has been tried of goes to another mailbox of its campaign when its own cannot be used."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign
from camd.domain.facts import TouchId
from camd.pipeline.cycle import run_cycle
from camd.pipeline.rehoming import BATCH, give_away
from camd.ports.records import MailboxReason, MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import World, mailbox, people, simulate


def with_three(settings: Settings) -> Settings:
    return replace(settings, mailboxes={name: mailbox(name, daily_limit=500) for name in ("ann", "bob", "cy")})


async def waiting_at_ann(world: World, count: int, *mailboxes: str, **fields: Any) -> Campaign:
    """So many first mails wait at `ann`, which is disabled. `Any`: fields of the definition."""
    campaign = await world.live(*people(count), mailboxes=mailboxes, **fields)
    await run_cycle(world.context, campaign.id, call_dry=False)
    for touch in await world.touches(campaign):
        await changed(world, touch, mailbox="ann")
    await disable(world, "ann")
    return campaign


async def changed(world: World, touch: Touch, **fields: Any) -> Touch:
    """`Any`: fields of the touch."""
    return await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, **fields)))


async def disable(world: World, name: str) -> None:
    state = MailboxState(name, disabled=MailboxReason.OPERATOR)
    await world.store.write(lambda tx: tx.mailboxes.put(state))


async def given_away(world: World, after: TouchId | None = None, mailbox: str = "ann") -> tuple[int, TouchId | None]:
    now = world.clock.now()
    return await world.store.write(lambda tx: give_away(tx, world.context, mailbox, after, now))


async def where(world: World, campaign: Campaign) -> Counter[str | None]:
    return Counter(touch.mailbox for touch in await world.touches(campaign))


def test_first_mails_go_to_the_other_mailboxes_of_their_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 4, "ann", "bob")
        assert await given_away(world) == (4, None)
        assert await where(world, campaign) == {"bob": 4}

    simulate(tmp_path, scenario, settings=with_three)


def test_nothing_of_a_mail_but_its_mailbox_changes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 1, "ann", "bob")
        [before] = await world.touches(campaign)
        await given_away(world)
        assert await world.touches(campaign) == [replace(before, mailbox="bob", version=before.version + 1)]

    simulate(tmp_path, scenario, settings=with_three)


def test_they_are_shared_by_what_each_mailbox_has_left(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 4)
        await given_away(world)
        assert await where(world, campaign) == {"bob": 2, "cy": 2}

    simulate(tmp_path, scenario, settings=with_three)


def test_what_no_other_mailbox_may_take_stays(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        alone, both = await waiting_at_ann(world, 1, "ann"), await waiting_at_ann(world, 1, "ann", "bob")
        await disable(world, "bob")
        assert await given_away(world) == (0, None)
        assert [await where(world, campaign) for campaign in (alone, both)] == [{"ann": 1}, {"ann": 1}]

    simulate(tmp_path, scenario, settings=with_three)


def test_a_mailbox_gives_nothing_to_itself_though_it_can_be_used_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 2, "ann")
        await world.enable("ann")
        assert await given_away(world) == (0, None)
        assert await where(world, campaign) == {"ann": 2}

    simulate(tmp_path, scenario, settings=with_three)


def test_mails_of_a_mailbox_that_is_configured_no_longer_find_another(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 1, "bob")
        [touch] = await world.touches(campaign)
        await changed(world, touch, mailbox="gone")
        assert await given_away(world, mailbox="gone") == (1, None)
        assert await where(world, campaign) == {"bob": 1}

    simulate(tmp_path, scenario, settings=with_three)


@pytest.mark.parametrize(
    "fields",
    [
        {"follow_up": True},
        {"message_id": "<m1@us.example>"},
        *({"status": status} for status in sorted(set(TouchStatus) - {TouchStatus.PLANNED, TouchStatus.APPROVED})),
    ],
    ids=str,
)
def test_a_thread_and_what_was_tried_once_stay_with_their_mailbox(tmp_path: Path, fields: dict[str, Any]) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 1)
        [touch] = await world.touches(campaign)
        await changed(world, touch, **fields)
        assert await given_away(world) == (0, None)
        assert await where(world, campaign) == {"ann": 1}

    simulate(tmp_path, scenario, settings=with_three)


def test_a_mail_that_still_waits_for_approval_goes_too(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await waiting_at_ann(world, 1, "ann", "bob")
        [touch] = await world.touches(campaign)
        await changed(world, touch, status=TouchStatus.PLANNED)
        assert await given_away(world) == (1, None)
        assert await where(world, campaign) == {"bob": 1}

    simulate(tmp_path, scenario, settings=with_three)


def test_they_go_in_batches_each_from_where_the_last_one_ended(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        stays = await waiting_at_ann(world, BATCH, "ann")
        last = max(touch.id for touch in await world.touches(stays))
        goes = await waiting_at_ann(world, 2, "ann", "bob")
        assert await given_away(world) == (0, last)
        assert await given_away(world, last) == (2, None)
        assert (await where(world, stays), await where(world, goes)) == ({"ann": BATCH}, {"bob": 2})

    simulate(tmp_path, scenario, settings=with_three)

from datetime import timedelta

import anyio

from camd.actors.wake import Doorbell, Doorbells, seconds_until
from camd.domain.facts import CampaignId
from camd.sim.clock import START, VirtualClock, run


def test_a_ring_ends_the_wait_and_is_heard_once() -> None:
    async def main(clock: VirtualClock) -> None:
        bell = Doorbell()
        bell.ring()
        assert await bell.wait(60)
        assert clock.monotonic() == 0
        assert not await bell.wait(60)
        assert clock.monotonic() == 60

    run(main)


def test_a_wait_that_is_over_before_it_begins_hears_the_ring_all_the_same() -> None:
    async def main(_: VirtualClock) -> None:
        bell = Doorbell()
        bell.ring()
        assert await bell.wait(-1)
        assert not await bell.wait(0)

    run(main)


def test_a_ring_while_somebody_waits_wakes_them_at_once() -> None:
    async def main(clock: VirtualClock) -> None:
        bells = Doorbells()
        async with anyio.create_task_group() as tasks:

            async def wait() -> None:
                assert await bells.of(CampaignId(1)).wait(3600)
                assert clock.monotonic() == 5

            tasks.start_soon(wait)
            await anyio.sleep(5)
            bells.ring(CampaignId(1))
            bells.ring(CampaignId(2))

    run(main)


def test_ringing_all_rings_the_roster_too_and_a_forgotten_bell_rings_no_more() -> None:
    async def main(_: VirtualClock) -> None:
        bells = Doorbells()
        kept, forgotten = bells.of(CampaignId(1)), bells.of(CampaignId(2))
        bells.forget(CampaignId(2))
        bells.ring_all()
        heard = [await bell.wait(0) for bell in (bells.roster, kept, forgotten)]
        assert heard == [True, True, False]

    run(main)


def test_a_bell_counts_every_ring_also_those_that_nobody_waits_for() -> None:
    async def main(_: VirtualClock) -> None:
        bell = Doorbell()
        bell.ring()
        bell.ring()
        await bell.wait(0)
        bell.ring()
        assert bell.rings == 3

    run(main)


def test_an_outbox_has_one_bell_whoever_asks_for_it() -> None:
    async def main(_: VirtualClock) -> None:
        bells = Doorbells()
        assert bells.outbox("sales") is bells.outbox("sales")
        assert bells.outbox("sales") is not bells.outbox("info")

    run(main)


def test_ringing_the_outboxes_rings_all_of_them_or_those_that_are_named_and_no_campaign() -> None:
    async def main(_: VirtualClock) -> None:
        bells = Doorbells()
        sales, info, campaign = bells.outbox("sales"), bells.outbox("info"), bells.of(CampaignId(1))
        bells.ring_outboxes()
        bells.ring_outboxes({"info", "gone"})
        bells.ring_outboxes(())
        assert [bell.rings for bell in (sales, info, campaign, bells.roster)] == [1, 2, 0, 0]
        bells.ring_all()
        assert [bell.rings for bell in (sales, info, campaign, bells.roster)] == [2, 3, 1, 1]

    run(main)


def test_a_sleep_is_bounded_both_ways() -> None:
    async def main(clock: VirtualClock) -> None:
        ahead = [seconds_until(START + timedelta(seconds=delay), clock, 100) for delay in (-5, 7, 1000)]
        assert ahead == [0, 7, 100]
        assert seconds_until(None, clock, 100) == 100

    run(main)

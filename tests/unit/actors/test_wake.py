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


def test_a_sleep_is_bounded_both_ways() -> None:
    async def main(clock: VirtualClock) -> None:
        ahead = [seconds_until(START + timedelta(seconds=delay), clock, 100) for delay in (-5, 7, 1000)]
        assert ahead == [0, 7, 100]
        assert seconds_until(None, clock, 100) == 100

    run(main)

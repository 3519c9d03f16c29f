from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camd.actors.sending_gauges import set_sending_gauges
from camd.domain.token_bucket import QuotaScope
from camd.ports.records import MailboxReason
from camd.ports.settings import Settings
from camd.sim.world import STEPS, World, mailbox, people, simulate
from tests.sim.fault_signs import value


def two_boxes(settings: Settings) -> Settings:
    boxes = {
        name: replace(mailbox(name, daily_limit=limit), jitter_seconds=0) for name, limit in (("one", 30), ("two", 5))
    }
    return replace(settings, mailboxes=boxes, limits=replace(settings.limits, instance_daily=20))


async def quota(world: World, scope: QuotaScope) -> tuple[float, float]:
    """Used, of the limit."""
    await set_sending_gauges(world.context)
    metrics = world.context.metrics
    return value(metrics, f'quota_used{{scope="{scope}"}}'), value(metrics, f'quota_limit{{scope="{scope}"}}')


def test_quotas_are_told_as_sums_over_all_mailboxes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await quota(world, QuotaScope.MAILBOX_DAY) == (0, 35)
        await world.live(*people(3), steps=STEPS[:1])
        await world.run_for(hours=2)
        assert len(world.mail.delivered) == 3
        assert await quota(world, QuotaScope.MAILBOX_DAY) == (3, 35)
        assert await quota(world, QuotaScope.MAILBOX_24H) == (3, 35)
        assert await quota(world, QuotaScope.INSTANCE) == (3, 20)
        assert await quota(world, QuotaScope.PROVIDER_CREDITS) == (0, 0)
        world.clock.jump(timedelta(hours=22))
        assert await quota(world, QuotaScope.MAILBOX_DAY) == (0, 35)
        assert await quota(world, QuotaScope.MAILBOX_24H) == (3, 35)

    simulate(tmp_path, scenario, settings=two_boxes)


def test_a_disabled_mailbox_and_the_mails_that_wait_are_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.kill()
        await world.live(*people(3), steps=STEPS[:1])
        await world.run_for(minutes=5)
        await set_sending_gauges(world.context)
        metrics = world.context.metrics
        assert value(metrics, "touches_due") == 3
        assert value(metrics, 'mailbox_usable{mailbox="one"}') == 1
        before = await world.store.read(lambda tx: tx.mailboxes.get("one"))
        stopped = replace(before, disabled=MailboxReason.LOG_IN_REFUSED)
        await world.store.write(lambda tx: tx.mailboxes.put(stopped))
        await world.kill(on=False)
        await world.run_for(hours=1)
        await set_sending_gauges(world.context)
        assert value(metrics, "touches_due") == 0
        assert value(metrics, 'mailbox_usable{mailbox="one"}') == 0
        assert value(metrics, 'mailbox_usable{mailbox="two"}') == 1

    simulate(tmp_path, scenario, settings=two_boxes)


def test_each_part_of_sending_is_measured(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 2.0
        await world.live(*people(1), steps=STEPS[:1])
        await world.run_for(minutes=5)
        for stage in ("claim", "hand_over", "settle"):
            assert value(world.context.metrics, f'send_duration_seconds_count{{stage="{stage}"}}') == 1
        assert value(world.context.metrics, 'send_duration_seconds_sum{stage="hand_over"}') == 2

    simulate(tmp_path, scenario)

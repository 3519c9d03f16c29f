"""What an attempt does to its delivery and to its endpoint, and who gets which row of the ledger."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from camd.domain.events import ENGINE, Event, EventType
from camd.domain.webhooks import ATTEMPTS, IN_A_ROW, DeliveryStatus, PauseReason, Verdict
from camd.pipeline import webhooks
from camd.pipeline.webhooks import Outcome, Settled
from camd.ports.records import NoticeKind
from camd.ports.settings import EngineSettings, Settings, WebhookSettings
from camd.ports.store import Tx
from camd.ports.webhooks import Delivery, Endpoint
from camd.sim.clock import START
from camd.sim.world import World, simulate

HOUR = timedelta(hours=1)
TOOK = Outcome(Verdict.DELIVERED, 200)
FAILED = Outcome(Verdict.FAILED, 500, "answered 500")


def with_hook(settings: Settings) -> Settings:
    hook = WebhookSettings("crm", SecretStr("https://crm.example"), None, ("*",), "standard", False, True)
    return replace(settings, webhooks={"crm": hook})


async def begun(world: World, **changes: object) -> None:
    await world.store.write(lambda tx: webhooks.begin(tx, world.context, START))
    if changes:
        fresh = replace(Endpoint("crm", 0), **changes)  # type: ignore[arg-type]  # fields by name
        await world.store.write(lambda tx: tx.webhooks.put(fresh))


async def given(world: World, count: int = 1) -> list[Delivery]:
    def unit(tx: Tx) -> None:
        for _ in range(count):
            tx.ledger.append(Event(EventType.KILLSWITCH_ON, START, ENGINE))
        webhooks.give_out(tx, world.context, START)

    await world.store.write(unit)
    return list(await world.store.read(lambda tx: tx.webhooks.due("crm", START, 99)))


async def settle(world: World, before: Delivery, outcome: Outcome, now: datetime = START) -> Settled | None:
    return await world.store.write(lambda tx: webhooks.settle(tx, world.context, before, outcome, now))


async def endpoint(world: World) -> Endpoint:
    found = await world.store.read(lambda tx: tx.webhooks.endpoint("crm"))
    assert found is not None
    return found


async def told(world: World) -> list[object]:
    waiting = await world.store.read(lambda tx: tx.notices.waiting(NoticeKind.WEBHOOK_DEAD, 9))
    return [dict(notice.data) for notice in waiting]


def test_an_endpoint_far_behind_is_given_its_events_in_pieces(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)

        def unit(tx: Tx) -> None:
            for _ in range(webhooks.AT_ONCE + 1):
                tx.ledger.append(Event(EventType.KILLSWITCH_ON, START, ENGINE))

        await world.store.write(unit)
        given = [await world.store.write(lambda tx: webhooks.give_out(tx, world.context, START)) for _ in range(3)]
        assert given == [{"crm": webhooks.AT_ONCE}, {"crm": 1}, {}]

    simulate(tmp_path, scenario, settings=with_hook)


def test_beginning_again_changes_nothing_but_that_a_paused_endpoint_is_tried_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        await given(world)
        before = await endpoint(world)
        await world.store.write(lambda tx: webhooks.begin(tx, world.context, START))
        assert await endpoint(world) == before
        paused = replace(before, paused=PauseReason.GONE, paused_at=START, not_before=START + HOUR)
        await world.store.write(lambda tx: tx.webhooks.put(paused))
        await world.store.write(lambda tx: webhooks.begin(tx, world.context, START))
        assert await endpoint(world) == replace(paused, not_before=None)

    simulate(tmp_path, scenario, settings=with_hook)


def test_a_success_mends_the_endpoint_and_hurries_what_waits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world, failures=IN_A_ROW, failing_since=START, not_before=START)
        first, second = await given(world, 2)
        later = replace(second, attempts=2, first_attempt_at=START, next_at=START + HOUR)
        await world.store.write(lambda tx: tx.webhooks.save(second, later))
        settled = await settle(world, first, TOOK)
        assert settled is not None
        assert settled.delivery.status is DeliveryStatus.DELIVERED
        stands = await endpoint(world)
        assert (stands.failures, stands.failing_since, stands.not_before, stands.delivered_at) == (0, None, None, START)
        [waits] = await world.store.read(lambda tx: tx.webhooks.due("crm", START, 9))
        assert (waits.seq, waits.attempts) == (second.seq, 2)

    simulate(tmp_path, scenario, settings=with_hook)


def test_a_success_before_five_failures_leaves_the_schedule_of_the_others(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world, failures=IN_A_ROW - 1, failing_since=START)
        first, second = await given(world, 2)
        later = replace(second, attempts=1, next_at=START + HOUR)
        await world.store.write(lambda tx: tx.webhooks.save(second, later))
        await settle(world, first, TOOK)
        assert await world.store.read(lambda tx: tx.webhooks.due("crm", START, 9)) == []

    simulate(tmp_path, scenario, settings=with_hook)


@pytest.mark.parametrize("verdict", [Verdict.GONE, Verdict.REFUSED])
def test_a_pause_keeps_the_event_and_its_attempts_and_is_told_once(tmp_path: Path, verdict: Verdict) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        [delivery] = await given(world)
        settled = await settle(world, delivery, Outcome(verdict, 410, "answered 410"))
        assert settled is not None
        assert settled.paused is not None
        assert (settled.delivery.status, settled.delivery.attempts) == (DeliveryStatus.PENDING, 0)
        again = await settle(world, settled.delivery, Outcome(verdict, 410, "answered 410"), START + HOUR)
        assert again is not None
        assert again.paused is None
        assert (await endpoint(world)).paused_at == START
        assert await told(world) == [{"endpoint": "crm", "reason": str(settled.paused), "count": 1}]

    simulate(tmp_path, scenario, settings=with_hook)


def test_a_probe_that_fails_costs_no_attempt(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world, paused=PauseReason.GONE, paused_at=START)
        [delivery] = await given(world)
        settled = await settle(world, delivery, FAILED)
        assert settled is not None
        assert settled.delivery.attempts == 0
        stands = await endpoint(world)
        assert (stands.paused, stands.not_before) == (PauseReason.GONE, START + HOUR / 2)

    simulate(tmp_path, scenario, settings=with_hook)


def test_a_probe_that_is_taken_renews_what_waits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world, paused=PauseReason.FAILING, paused_at=START)
        first, second = await given(world, 2)
        worn = replace(second, attempts=11, first_attempt_at=START, next_at=START + HOUR)
        await world.store.write(lambda tx: tx.webhooks.save(second, worn))
        await settle(world, first, TOOK)
        [waits] = await world.store.read(lambda tx: tx.webhooks.due("crm", START, 9))
        assert (waits.attempts, waits.first_attempt_at) == (0, None)
        assert (await endpoint(world)).paused is None

    simulate(tmp_path, scenario, settings=with_hook)


def test_an_event_that_is_refused_for_good_is_dead_and_its_endpoint_well(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world, failures=2, failing_since=START)
        [delivery] = await given(world)
        settled = await settle(world, delivery, Outcome(Verdict.REJECTED, 400, "answered 400"))
        assert settled is not None
        assert (settled.delivery.status, settled.paused) == (DeliveryStatus.DEAD, None)
        stands = await endpoint(world)
        assert (stands.failures, stands.delivered_at) == (0, None)
        assert await told(world) == [{"endpoint": "crm", "reason": "answered 400", "count": 1}]

    simulate(tmp_path, scenario, settings=with_hook)


def test_the_last_attempt_pauses_an_endpoint_that_took_nothing_since_the_first(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for since, paused in ((START, PauseReason.FAILING), (START + HOUR, None)):
            await begun(world, failures=9, failing_since=since)
            [delivery, *_] = await given(world)
            worn = replace(delivery, attempts=ATTEMPTS - 1, first_attempt_at=START)
            await world.store.write(lambda tx: tx.webhooks.save(delivery, worn))  # noqa: B023 - called at once
            settled = await settle(world, worn, FAILED, START + timedelta(hours=60))
            assert settled is not None
            assert (settled.delivery.status, settled.paused) == (DeliveryStatus.DEAD, paused)

    simulate(tmp_path, scenario, settings=with_hook)


def test_72_hours_without_a_success_pause_whatever_is_left_of_an_event(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world, failures=500, failing_since=START)
        [delivery] = await given(world)
        settled = await settle(world, delivery, FAILED, START + timedelta(hours=72))
        assert settled is not None
        assert (settled.delivery.status, settled.paused) == (DeliveryStatus.PENDING, PauseReason.FAILING)

    simulate(tmp_path, scenario, settings=with_hook)


def test_too_many_requests_are_no_failure_in_a_row_and_leave_the_endpoint_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        first, second = await given(world, 2)
        await settle(world, first, Outcome(Verdict.THROTTLED, 429, "answered 429", retry_after=HOUR))
        stands = await endpoint(world)
        assert (stands.failures, stands.not_before) == (0, START + HOUR)
        await settle(world, second, TOOK)
        assert (await endpoint(world)).not_before == START + HOUR

    simulate(tmp_path, scenario, settings=with_hook)


def test_what_was_decided_meanwhile_stands_and_the_endpoint_still_learns(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        [delivery] = await given(world)
        dead = replace(delivery, status=DeliveryStatus.DEAD, settled_at=START)
        await world.store.write(lambda tx: tx.webhooks.save(delivery, dead))
        assert await settle(world, delivery, FAILED) is None
        assert (await endpoint(world)).failures == 1
        await world.store.write(lambda tx: tx.webhooks.drop("crm"))
        assert await settle(world, delivery, FAILED) is None

    simulate(tmp_path, scenario, settings=with_hook)


def test_an_endpoint_that_never_began_is_not_resumed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await world.store.write(lambda tx: webhooks.resume(tx, "crm", START)) is False
        await begun(world)
        assert await world.store.write(lambda tx: webhooks.resume(tx, "crm", START)) is False
        assert (await endpoint(world)).delivered_at == START
        await begun(world, paused=PauseReason.GONE)
        assert await world.store.write(lambda tx: webhooks.resume(tx, "crm", START)) is True

    simulate(tmp_path, scenario, settings=with_hook)


def test_burying_nothing_tells_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        await given(world)
        assert await world.store.write(lambda tx: webhooks.bury_old(tx, "crm", START)) == 0
        assert await told(world) == []
        assert await world.store.write(lambda tx: webhooks.bury_old(tx, "crm", START + timedelta(days=8))) == 1
        assert await told(world) == [{"endpoint": "crm", "reason": "kept_too_long", "count": 1}]

    simulate(tmp_path, scenario, settings=with_hook)


def test_an_endpoint_that_is_no_longer_configured_is_forgotten_and_what_it_waited_for_dead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        [delivery] = await given(world)
        await world.restart(replace(world.settings, webhooks={}))
        await world.store.write(lambda tx: webhooks.begin(tx, world.context, START))
        assert await world.store.read(lambda tx: tx.webhooks.endpoint("crm")) is None
        dead = await world.store.read(lambda tx: tx.webhooks.get(delivery.id))
        assert dead is not None
        assert (dead.status, dead.reason) == (DeliveryStatus.DEAD, webhooks.NOT_CONFIGURED)

    simulate(tmp_path, scenario, settings=with_hook)


LIVE, DRY = EventType.CAMPAIGN_WENT_LIVE, EventType.CAMPAIGN_WENT_DRY


@pytest.mark.parametrize(
    ("is_dry_now", "since", "fires"),
    [(False, (), True), (True, (), False), (False, (LIVE,), False), (True, (DRY,), True), (False, (DRY, LIVE), True)],
)
def test_an_event_fires_where_its_campaign_was_live_when_it_happened(
    tmp_path: Path, is_dry_now: bool, since: tuple[EventType, ...], fires: bool
) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        campaign = await world.campaign(active=False, dry_run=is_dry_now)

        def unit(tx: Tx) -> None:
            for kind in (EventType.GOAL_REACHED, *since):
                tx.ledger.append(Event(kind, START, ENGINE, campaign.id))
            webhooks.give_out(tx, world.context, START)

        await world.store.write(unit)
        goal = next(row.seq for row in await world.ledger() if row.event.type is EventType.GOAL_REACHED)
        due = await world.store.read(lambda tx: tx.webhooks.due("crm", START, 9))
        assert (goal in [delivery.seq for delivery in due]) is fires

    simulate(tmp_path, scenario, settings=with_hook)


@pytest.mark.parametrize("is_dry_instance", [True, False])
def test_an_event_of_a_dry_cycle_or_instance_never_fires(tmp_path: Path, is_dry_instance: bool) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        campaign = await world.campaign(active=False, dry_run=False)

        def unit(tx: Tx) -> None:
            if is_dry_instance:
                tx.ledger.append(Event(EventType.GOAL_REACHED, START, ENGINE, campaign.id))
            else:
                with tx.ledger.in_dry_run():
                    tx.ledger.append(Event(EventType.GOAL_REACHED, START, ENGINE, campaign.id))
            assert webhooks.give_out(tx, world.context, START) == {"crm": 0}
            assert webhooks.give_out(tx, world.context, START) == {}

        await world.store.write(unit)

    def dry(settings: Settings) -> Settings:
        return replace(with_hook(settings), engine=EngineSettings(dry_run=is_dry_instance))

    simulate(tmp_path, scenario, settings=dry)

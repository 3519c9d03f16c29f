"""Endpoints that hang, refuse, throttle and vanish, in virtual time: every event arrives, and no campaign waits."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from pydantic import SecretStr

from camd.actors.webhook_worker import AT_ONCE
from camd.domain.campaign import Campaign
from camd.domain.events import ENGINE, Event, EventType, Value
from camd.domain.webhooks import ATTEMPTS, TRIED_FOR, DeliveryStatus, Flavour, PauseReason
from camd.pipeline.notices import compose
from camd.ports.records import Listing, Notice, NoticeKind
from camd.ports.settings import EngineSettings, NotifySettings, Settings, WebhookSettings
from camd.ports.store import Tx
from camd.ports.webhooks import Answer, Delivery, Endpoint, NotDelivered, Post, TargetRefused
from camd.sim.webhooks import Taken
from camd.sim.world import World, people, simulate

PAUSED = EventType.CAMPAIGN_PAUSED
GONE = Answer(410, "There is no scenario listening for this webhook.")
FAILS = Answer(500)


def hook(name: str = "crm", flavour: Flavour = "standard", **changes: object) -> WebhookSettings:
    plain = WebhookSettings(name, SecretStr(f"https://{name}.example/x"), None, (), flavour, False, True)
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def with_hooks(*hooks: WebhookSettings, **changes: object) -> Callable[[Settings], Settings]:
    webhooks = {hook.name: hook for hook in hooks}
    return lambda settings: replace(settings, webhooks=webhooks, **changes)  # type: ignore[arg-type]  # same


async def begun(world: World, name: str | None = None) -> Campaign:
    """A campaign that is live and does nothing by itself; endpoints stand at the end of the ledger."""
    campaign = await world.campaign(name=name, active=False, dry_run=False)
    await world.run_for(minutes=2)
    return campaign


async def happen(world: World, campaign: Campaign | None, count: int = 1, kind: EventType = PAUSED) -> None:
    def unit(tx: Tx) -> None:
        for _ in range(count):
            number = campaign.id if campaign else None
            tx.ledger.append(Event(kind, world.clock.now(), ENGINE, number, data={"reason": "operator"}))

    await world.store.write(unit)


async def deliveries(world: World) -> list[Delivery]:
    return list(reversed(await world.store.read(lambda tx: tx.webhooks.page(Listing(500)))))


async def endpoint(world: World, name: str = "crm") -> Endpoint:
    found = await world.store.read(lambda tx: tx.webhooks.endpoint(name))
    assert found is not None
    return found


def told(taken: Taken) -> object:
    return json.loads(taken.post.body)


def test_an_event_arrives_as_it_stands_in_the_ledger(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world, name="Q1")
        at = world.clock.now()
        await happen(world, campaign)
        await world.run_for(minutes=2)
        [taken] = world.webhooks.requests["crm"]
        [delivery] = await deliveries(world)
        assert taken.post.event_id == delivery.event_id
        assert delivery.event_id.startswith("ev_")
        assert delivery.status is DeliveryStatus.DELIVERED
        instant = at.isoformat().replace("+00:00", "Z")
        assert told(taken) == {
            "type": "campaign.paused",
            "timestamp": instant,
            "data": {
                "sequence": delivery.seq,
                "occurred_at": instant,
                "actor": "engine",
                "campaign_id": campaign.id,
                "campaign_name": "Q1",
                "from": None,
                "reason": "operator",
            },
        }

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_a_new_endpoint_begins_at_the_present_end_of_the_ledger(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(active=False, dry_run=False)
        await happen(world, campaign, 3)
        await world.run_for(minutes=5)
        assert world.webhooks.requests["crm"] == []

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_an_endpoint_gets_the_events_it_asks_for_and_all_for_a_star(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        for kind in (PAUSED, EventType.CAMPAIGN_ARCHIVED, EventType.GOAL_REACHED):
            await happen(world, campaign, kind=kind)
        await world.run_for(minutes=2)
        types = {
            name: [json.loads(t.post.body)["type"] for t in taken] for name, taken in world.webhooks.requests.items()
        }
        assert types == {
            "crm": ["campaign.paused", "goal.reached"],
            "goals": ["goal.reached"],
            "all": ["campaign.paused", "campaign.archived", "goal.reached"],
        }

    hooks = hook(), hook("goals", events=("goal.reached",)), hook("all", events=("*",))
    simulate(tmp_path, scenario, settings=with_hooks(*hooks))


def test_an_event_has_one_id_for_every_endpoint(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        await happen(world, campaign, 3)
        await world.run_for(minutes=2)
        assert world.webhooks.ids("crm") == world.webhooks.ids("make")
        assert len(set(world.webhooks.ids("crm"))) == 3

    simulate(tmp_path, scenario, settings=with_hooks(hook(), hook("make", "make")))


@pytest.mark.parametrize("changes", [{"dry_run": True}, {"engine": EngineSettings(dry_run=True)}])
def test_nothing_fires_in_dry_run(tmp_path: Path, changes: dict[str, object]) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        if "dry_run" in changes:
            await world.edit(campaign, dry_run=True)
        await happen(world, campaign)
        await happen(world, campaign, kind=EventType.GOAL_REACHED)
        await world.run_for(minutes=5)
        assert world.webhooks.requests["crm"] == []
        position = (await endpoint(world)).position
        assert position == await world.store.read(lambda tx: tx.ledger.last_seq())

    settings = {name: value for name, value in changes.items() if name == "engine"}
    simulate(tmp_path, scenario, settings=with_hooks(hook(), **settings))


def test_a_dry_cycle_of_a_live_campaign_fires_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(2), active=False)
        await world.run_for(minutes=2)
        await world.cycle(campaign, dry=True)
        await world.run_for(minutes=5)
        assert len(await world.leads(campaign)) == 2
        assert world.webhooks.requests["crm"] == []

    simulate(tmp_path, scenario, settings=with_hooks(hook(events=("lead.discovered", "lead.enriched", "lead.scored"))))


def test_what_happened_while_a_campaign_was_dry_is_not_told_when_it_goes_live(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        await world.edit(campaign, dry_run=True)
        await happen(world, campaign, kind=EventType.GOAL_REACHED)

        def went_live(tx: Tx) -> None:
            stored = tx.campaigns.get(campaign.id)
            assert stored is not None
            tx.campaigns.save(replace(stored, definition=replace(stored.definition, dry_run=False)))
            tx.ledger.append(Event(EventType.CAMPAIGN_WENT_LIVE, world.clock.now(), ENGINE, campaign.id))

        await world.store.write(went_live)
        await happen(world, campaign)
        await world.run_for(minutes=2)
        assert [json.loads(taken.post.body)["type"] for taken in world.webhooks.requests["crm"]] == ["campaign.paused"]

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_a_failing_endpoint_is_tried_twelve_times_within_72_hours_under_one_id(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["crm"] = lambda _: FAILS
        await happen(world, campaign)
        await world.run_for(hours=73)
        taken = world.webhooks.requests["crm"]
        assert len(taken) == ATTEMPTS
        assert len(set(world.webhooks.ids("crm"))) == 1
        assert taken[-1].at - taken[0].at <= TRIED_FOR
        [delivery] = await deliveries(world)
        assert (delivery.status, delivery.attempts, delivery.status_code) == (DeliveryStatus.DEAD, ATTEMPTS, 500)

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_fault_90_after_72_hours_of_failure_the_endpoint_is_paused_and_the_operator_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["crm"] = lambda _: FAILS
        await happen(world, campaign, 3)
        await world.run_for(hours=80)
        assert (await endpoint(world)).paused is PauseReason.FAILING
        notices = await world.store.read(lambda tx: tx.notices.waiting(NoticeKind.WEBHOOK_DEAD, 9))
        text = await world.store.read(lambda tx: compose(tx, world.context, NoticeKind.WEBHOOK_DEAD, notices[-1:]))
        assert text.subject == "[camd] Webhook crm needs you"
        assert "crm is paused (failing)" in text.body

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_an_outage_of_two_days_loses_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["crm"] = lambda _: NotDelivered("cannot be reached")
        await happen(world, campaign, 200)
        await world.run_for(hours=48)
        del world.webhooks.habits["crm"]
        before = len(world.webhooks.requests["crm"])
        await world.run_for(hours=24)
        arrived = world.webhooks.ids("crm")[before:]
        assert len(set(arrived)) == 200
        assert {delivery.status for delivery in await deliveries(world)} == {DeliveryStatus.DELIVERED}

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_fault_89_an_endpoint_that_hangs_delays_no_other_and_no_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> list[datetime | None]:
        await begun(world)
        world.webhooks.habits["hangs"] = lambda _: None
        campaign = await world.live(*people(5))
        await world.run_for(hours=2)
        at = [taken.at for taken in world.webhooks.requests["crm"]]
        assert len(at) > 20
        assert "hangs" not in world.settings.webhooks or len(world.webhooks.ids("hangs")) > 5
        return [touch.sent_at for touch in await world.touches(campaign) if touch.step == 1]

    alone, beside = hook(events=("*",)), hook("hangs", events=("*",))
    folders = tmp_path / "alone", tmp_path / "beside"
    for folder in folders:
        folder.mkdir()
    sent_alone = simulate(folders[0], scenario, settings=with_hooks(alone))
    assert len(sent_alone) == 5
    assert all(sent_alone)
    assert simulate(folders[1], scenario, settings=with_hooks(alone, beside)) == sent_alone


def test_an_endpoint_that_fails_is_asked_one_thing_at_a_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["crm"] = lambda _: None
        await happen(world, campaign, 50)
        await world.run_for(minutes=30)
        later = world.webhooks.requests["crm"][AT_ONCE:]
        assert len(later) > 5
        assert all(after.at - before.at >= timedelta(seconds=15) for before, after in pairwise(later))

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_410_pauses_and_is_probed_with_the_oldest_every_30_minutes_for_a_day_then_every_6_hours(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["make"] = lambda _: GONE
        await happen(world, campaign)
        await world.run_for(minutes=5)
        await happen(world, campaign, 3)
        await world.run_for(hours=48)
        gaps = [after.at - before.at for before, after in pairwise(world.webhooks.requests["make"])]
        assert set(gaps[:48]) == {timedelta(minutes=30)}
        assert set(gaps[48:]) == {timedelta(hours=6)}
        assert len(gaps) == 52
        assert len(set(world.webhooks.ids("make"))) == 1
        assert (await endpoint(world, "make")).paused is PauseReason.GONE
        assert {delivery.attempts for delivery in await deliveries(world)} == {0}

    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make")))


def test_an_endpoint_that_comes_back_gets_all_in_order_and_is_told_of_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["make"] = lambda _: GONE
        for _ in range(20):
            await happen(world, campaign)
            await world.run_for(minutes=3)
        before = len(world.webhooks.requests["make"])
        del world.webhooks.habits["make"]
        await world.run_for(hours=1)
        sequences = [
            json.loads(taken.post.body)["data"]["sequence"] for taken in world.webhooks.requests["make"][before:]
        ]
        assert sequences == sorted(sequences)
        assert len(sequences) == 20
        assert (await endpoint(world, "make")).paused is None
        notices = await world.store.read(lambda tx: tx.notices.waiting(NoticeKind.WEBHOOK_DEAD, 9))
        assert len(notices) == 1

    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make")))


def test_what_a_paused_endpoint_does_not_take_for_a_week_is_dead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["make"] = lambda _: GONE
        await happen(world, campaign, 3)
        await world.run_for(days=6)
        await happen(world, campaign)
        await world.run_for(days=2)
        statuses = [delivery.status for delivery in await deliveries(world)]
        assert statuses == [*[DeliveryStatus.DEAD] * 3, DeliveryStatus.PENDING]

    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make")))


def test_429_with_retry_after_is_left_alone_for_so_long(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.scripts["crm"].append(Answer(429, retry_after=timedelta(minutes=20)))
        await happen(world, campaign, 20)
        await world.run_for(hours=1)
        first, *others = world.webhooks.requests["crm"]
        under_way = [each for each in others if each.at - first.at < timedelta(seconds=1)]
        assert len(under_way) < AT_ONCE
        assert others[len(under_way)].at - first.at >= timedelta(minutes=20)
        assert len(set(world.webhooks.ids("crm"))) == 20
        assert {delivery.status for delivery in await deliveries(world)} == {DeliveryStatus.DELIVERED}

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_a_throttled_make_webhook_gets_half_of_its_rate_for_a_minute(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.scripts["make"].append(Answer(429))
        await happen(world, campaign, 200)
        await world.run_for(minutes=10)
        first, *others = world.webhooks.requests["make"]
        under_way = [each for each in others if each.at - first.at < timedelta(seconds=1)]
        start = others[len(under_way)].at
        slow = [each for each in others if start <= each.at < start + timedelta(seconds=60)]
        assert start - first.at >= timedelta(seconds=10)
        assert len(slow) <= 60 * 2.5 + 1
        assert len(set(world.webhooks.ids("make"))) == 200

    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make")))


def test_a_make_webhook_gets_five_a_second_and_twenty_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        await happen(world, campaign, 200)
        await world.run_for(minutes=5)
        at = [taken.at for taken in world.webhooks.requests["make"]]
        assert len(at) == 200
        assert all(sum(a <= b < a + timedelta(seconds=10) for b in at) <= 20 + 50 for a in at)

    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make")))


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [(Answer(400, "Invalid JSON: field email"), 1), (Answer(413), 1), (Answer(400, "Queue is full."), ATTEMPTS)],
)
def test_what_make_refuses_for_good_is_dead_at_once_and_a_full_queue_is_waited_for(
    tmp_path: Path, answer: Answer, attempts: int
) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["make"] = lambda _: answer
        await happen(world, campaign)
        await world.run_for(hours=73)
        [delivery] = await deliveries(world)
        assert (delivery.status, delivery.attempts) == (DeliveryStatus.DEAD, attempts)
        assert len(await world.store.read(lambda tx: tx.notices.waiting(NoticeKind.WEBHOOK_DEAD, 9))) == 1

    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make")))


@pytest.mark.parametrize("trouble", [Answer(302), TargetRefused("the host has a link-local address"), Answer(503)])
def test_a_redirect_a_refused_target_and_an_overload_are_tried_again(
    tmp_path: Path, trouble: Answer | Exception
) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.scripts["crm"].extend([trouble, trouble])
        await happen(world, campaign)
        await world.run_for(hours=1)
        [delivery] = await deliveries(world)
        assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 3)

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_401_pauses_and_keeps_the_events(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["crm"] = lambda _: Answer(401)
        await happen(world, campaign, 2)
        await world.run_for(hours=5)
        assert (await endpoint(world)).paused is PauseReason.REFUSED
        del world.webhooks.habits["crm"]
        await world.run_for(minutes=31)
        assert {delivery.status for delivery in await deliveries(world)} == {DeliveryStatus.DELIVERED}

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_every_event_arrives_over_restarts_in_between_under_one_id(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        answers = [Answer(200), FAILS, Answer(200)]
        served = 0

        def habit(_: Post) -> Answer | Exception | None:
            nonlocal served
            served += 1
            return answers[served % 3]

        world.webhooks.habits["crm"] = habit
        for _ in range(8):
            await happen(world, campaign, 50)
            await world.run_for(seconds=61)
            await world.restart()
        del world.webhooks.habits["crm"]
        await world.run_for(hours=73)
        found = await deliveries(world)
        assert len(found) == 400
        assert {delivery.status for delivery in found} == {DeliveryStatus.DELIVERED}
        by_sequence: dict[int, set[str]] = {}
        for taken in world.webhooks.requests["crm"]:
            by_sequence.setdefault(json.loads(taken.post.body)["data"]["sequence"], set()).add(taken.post.event_id)
        assert len(by_sequence) == 400
        assert all(len(ids) == 1 for ids in by_sequence.values())

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_an_endpoint_taken_out_of_the_configuration_gets_nothing_more(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        world.webhooks.habits["crm"] = lambda _: FAILS
        await happen(world, campaign)
        await world.run_for(minutes=2)
        await world.restart(replace(world.settings, webhooks={"make": hook("make", "make")}))
        await world.run_for(minutes=2)
        [delivery] = await deliveries(world)
        assert (delivery.status, delivery.reason) == (DeliveryStatus.DEAD, "not_configured")

    simulate(tmp_path, scenario, settings=with_hooks(hook()))


def test_an_erased_person_is_in_no_later_attempt(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await begun(world)
        world.webhooks.habits["crm"] = lambda _: FAILS
        campaign = await world.live(*people(1))
        await world.run_for(hours=1)
        [lead] = await world.leads(campaign)
        assert any(b"p0@c0.example" in taken.post.body for taken in world.webhooks.requests["crm"])
        await world.erase(lead)
        before = len(world.webhooks.requests["crm"])
        del world.webhooks.habits["crm"]
        await world.run_for(hours=73)
        later = world.webhooks.requests["crm"][before:]
        assert later
        assert not any(b"c0.example" in taken.post.body or b"P0" in taken.post.body for taken in later)

    simulate(tmp_path, scenario, settings=with_hooks(hook(events=("*",))))


def test_the_operator_is_told_by_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await begun(world)
        await world.restart()
        await world.start(notices=True)
        world.webhooks.habits["make"] = lambda _: GONE
        await happen(world, campaign)
        await world.run_for(minutes=10)
        mails = [handover for handover in world.mail.delivered if handover.recipient == "ann@us.example"]
        assert [mail.subject for mail in mails] == ["[camd] Webhook make needs you"]

    notify = NotifySettings(email=("ann@us.example",))
    simulate(tmp_path, scenario, settings=with_hooks(hook("make", "make"), notify=notify))


def test_a_notice_of_many_says_how_many(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        data: dict[str, Value] = {"endpoint": "crm", "reason": "answered 500", "count": 3}
        notice = Notice(1, NoticeKind.WEBHOOK_DEAD, world.clock.now(), data=data)
        text = await world.store.read(lambda tx: compose(tx, world.context, notice.kind, [notice]))
        assert "crm did not take 3 events: answered 500." in text.body

    simulate(tmp_path, scenario, settings=with_hooks(hook()))

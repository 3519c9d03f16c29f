"""Sixty days of live sending with everything that goes wrong at once, at instants that the seed decides."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from camd.domain.campaign import Autonomy, Campaign, PauseRules
from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.domain.lead import Lead, LeadStatus
from camd.operations import touches
from camd.ports.channel import Handover, HandoverOutcome, Refused, Stage, Unknown
from camd.ports.records import TouchStatus
from camd.ports.settings import Settings
from camd.schema.touch import ApproveBody, CancelBody, Resolution, ResolveBody
from camd.sim.world import OPERATOR, World, mailbox, people, simulate

DAYS = 60
ANSWERS: tuple[HandoverOutcome, ...] = (
    Refused(Stage.RCPT, 451, "4.7.1", "451 4.7.1 greylisted"),
    Refused(Stage.DATA, 421, "4.3.2", "421 4.3.2 closing"),
    Refused(Stage.DOT, 452, "4.2.2", "452 4.2.2 full"),
    Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user"),
    Refused(Stage.DOT, 554, "5.6.0", "554 5.6.0 no"),
    Refused(Stage.RCPT, 550, "5.7.1", "550 5.7.1 blocked"),
    Unknown("connection reset"),
)
NOT_SENT = ResolveBody.model_validate({"as": Resolution.RETRY})
LENIENT = PauseRules(bounce_min_sent=10_000, loss_min_contacted=10_000)


def three_mailboxes(settings: Settings) -> Settings:
    zones = {"one": "Europe/Berlin", "two": "America/New_York", "three": "UTC"}
    boxes = {
        name: replace(mailbox(name, daily_limit=6, timezone=zone), ramp=name == "two") for name, zone in zones.items()
    }
    return replace(settings, mailboxes=boxes, engine=replace(settings.engine, max_idle_seconds=6 * 3600.0))


class Weather:
    """Throws the seed's dice and does to servers and people what they say."""

    def __init__(self, world: World, campaigns: list[Campaign]) -> None:
        self._world = world
        self._campaigns = campaigns

    def pick(self, count: int) -> int:
        return int(self._world.entropy.uniform(0, count))

    def answers(self) -> None:
        """One person in three is answered otherwise at first."""
        for number in range(0, 80, 3):
            told = [ANSWERS[self.pick(len(ANSWERS))] for _ in range(1 + self.pick(2))]
            self._world.mail.answers[f"p{number}@c{number}.example"] = list(told)

    async def strike(self) -> None:
        blows: tuple[Callable[[Campaign], Awaitable[None]], ...] = (
            self._opt_out,
            self._opt_out_at_the_mark,
            self._restart,
            self._stop_or_go,
            self._edit,
            self._trouble,
            self._mend,
            self._kill,
            self._approve,
            self._resolve,
            self._release,
            self._cancel,
            self._lose_or_reopen,
            self._grow,
        )
        await blows[self.pick(len(blows))](self._campaigns[self.pick(len(self._campaigns))])

    async def _opt_out(self, _: Campaign) -> None:
        number = self.pick(80)
        await self._world.opt_out(f"p{number}@c{number}.example")

    async def _opt_out_at_the_mark(self, _: Campaign) -> None:
        async def once(handover: Handover) -> None:
            self._world.mail.before_mark = _nothing
            await self._world.opt_out(handover.recipient)
            await anyio.sleep(1)

        self._world.mail.before_mark = once

    async def _restart(self, _: Campaign) -> None:
        await self._world.restart()

    async def _stop_or_go(self, campaign: Campaign) -> None:
        if (await self._world.now(campaign)).is_active:
            await self._world.pause(campaign)
        else:
            await self._world.resume(campaign)

    async def _edit(self, campaign: Campaign) -> None:
        body = f"Hello {{{{ first_name }}}}, number {self.pick(1000)}"
        steps = [{"subject": "For {{ company }}", "body": body}, {"subject": "", "body": "Again", "wait_days": 2}]
        await self._world.edit(campaign, steps=steps)

    async def _trouble(self, _: Campaign) -> None:
        troubles: tuple[Failure, ...] = (
            Transient("connection refused", scope=Scope.MAILBOX),
            Misconfigured("535 no", scope=Scope.MAILBOX),
        )
        self._world.mail.trouble[self._mailbox()] = troubles[self.pick(2)]

    async def _mend(self, _: Campaign) -> None:
        self._world.mail.trouble.clear()
        for name in self._world.settings.mailboxes:
            await self._world.enable(name)

    def _mailbox(self) -> str:
        return sorted(self._world.settings.mailboxes)[self.pick(3)]

    async def _kill(self, _: Campaign) -> None:
        await self._world.kill(on=self.pick(2) == 0)

    async def _approve(self, campaign: Campaign) -> None:
        await touches.approve_many(self._world.desk, ApproveBody(campaign=campaign.id, all=True), actor=OPERATOR)

    async def _resolve(self, campaign: Campaign) -> None:
        """Nothing of it arrived: in this world an unknown mail never did."""
        for touch in await self._world.touches(campaign):
            if touch.status is TouchStatus.UNKNOWN:
                await touches.resolve(self._world.desk, touch.id, NOT_SENT, actor=OPERATOR)

    async def _release(self, campaign: Campaign) -> None:
        for lead in await self._world.leads(campaign):
            if lead.holds:
                await self._world.release(lead)

    async def _cancel(self, campaign: Campaign) -> None:
        open_ones = [it for it in await self._world.touches(campaign) if it.status is TouchStatus.APPROVED]
        if open_ones:
            chosen = open_ones[self.pick(len(open_ones))].id
            await touches.cancel(self._world.desk, chosen, CancelBody(), actor=OPERATOR)

    async def _lose_or_reopen(self, campaign: Campaign) -> None:
        lead = await self._one_of(campaign)
        if lead.status is not LeadStatus.LOST:
            await self._world.lose(lead)

    async def _one_of(self, campaign: Campaign) -> Lead:
        leads = await self._world.leads(campaign)
        return leads[self.pick(len(leads))]

    async def _grow(self, campaign: Campaign) -> None:
        self._world.source.lists[campaign.definition.name] += people(2, first=self.pick(80))
        await self._world.store.write(lambda tx: tx.sources.forget(campaign.id))


async def _nothing(_: Handover) -> None:
    """The way it usually is."""


async def story(world: World, days: int) -> list[str]:
    """The ledger, after a look at the invariants after every blow."""
    world.roster_seconds = 6 * 3600.0
    campaigns = [
        await world.live(*people(25), daily_email_limit=5, pause_rules=LENIENT, timezone="America/Santiago"),
        await world.live(*people(25, first=20), daily_email_limit=7, pause_rules=LENIENT, mailboxes=("one", "three")),
        await world.live(*people(25, first=40), pause_rules=LENIENT, autonomy=Autonomy(approve_first=3)),
    ]
    weather = Weather(world, campaigns)
    weather.answers()
    for _ in range(days):
        for _ in range(2):
            await world.run_for(hours=world.entropy.uniform(0, 12))
            await weather.strike()
            await world.check_invariants()
        await world.run_for(hours=6)
    await world.check_invariants()
    return [str(row) for row in await world.ledger()]


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [3, 5])
def test_the_invariants_hold_through_sixty_days(tmp_path: Path, seed: int) -> None:
    async def scenario(world: World) -> None:
        rows = await story(world, DAYS)
        assert len(world.arrivals) >= 50
        for kind in ("sent", "deferred", "rejected", "unknown", "cancelled"):
            assert any(f"touch.{kind}" in row for row in rows), kind

    simulate(tmp_path, scenario, seed=seed, settings=three_mailboxes)


def test_the_same_seed_twice_tells_the_same_story(tmp_path: Path) -> None:
    stories = []
    for name in ("first", "again"):
        folder = tmp_path / name
        folder.mkdir()
        stories.append(simulate(folder, partial(story, days=10), seed=9, settings=three_mailboxes))
    first, again = stories
    assert len(first) > 200
    assert first == again

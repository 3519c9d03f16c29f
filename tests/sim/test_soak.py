"""A daemon that lives for many dense weeks holds in the last of them what it held in the first.

Everything that a life has happens in each: campaigns begin and end, mails and answers, lookups, webhooks that fail,
imports, erasures, retention, notices, backups, edits and pauses. What the world remembers to judge by is thrown away
each week, so that what grows is camd.
"""

import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection

from camd.actors.reaper import Reaper
from camd.domain.campaign import Campaign, Enrichment, PauseRules, Step
from camd.domain.facts import Facts
from camd.domain.waterfall import Operation
from camd.operations import imports, lead_import
from camd.ports.channel import Handover
from camd.ports.lookups import Reply
from camd.ports.providers import Found
from camd.ports.settings import RetentionSettings, Settings, WebhookSettings
from camd.ports.webhooks import Answer, Post
from camd.sim import letters
from camd.sim.enrichers import MemoryEnricher, found, service
from camd.sim.world import OPERATOR, World, mailbox, people, simulate
from camd.store.backup import back_up
from camd.store.sqlite import SqliteStore
from camd.store.writer import _checkpoint
from tests.sim.footprint import Footprint, growth, measured, table

WEEKS = 30
FEWEST_WEEKS = 15
"""So that what camd remembers for speed, up to a limit, is full within the first third."""
RESTARTS = 6
DAYS, HOURS = 7, 1
"""A day of such a week has one hour: idle ones show nothing and cost the most."""
AT_ONCE = 6
"""Campaigns that are active in any week."""
LISTED, NAMELESS, IMPORTED = 150, 30, 40
"""People who come to a campaign each week: by its list, by name alone, and in a file."""
STEPS = (Step(1, "For {{ company }}", "Hello {{ first_name }}"), Step(2, "Again", "Still?", wait_days=Decimal("0.1")))
LENIENT = PauseRules(bounce_min_sent=10_000, loss_min_contacted=10_000, complaint_rate=1)
CRM = "crm"


def dense(settings: Settings) -> Settings:
    boxes = {
        name: replace(mailbox(name, daily_limit=2000), min_gap_seconds=30, jitter_seconds=10)
        for name in ("one", "two", "three")
    }
    return replace(
        settings,
        mailboxes=boxes,
        retention=RetentionSettings(body_days=1, inbound_days=1),
        notify=replace(settings.notify, email=("ann@operators.example",), mailbox="one"),
        webhooks={CRM: WebhookSettings(CRM, SecretStr("https://crm.example/x"), None, ("*",), "standard", False, True)},
        engine=replace(settings.engine, max_idle_seconds=6 * 3600.0),
    )


def knows(_: Operation, facts: Facts) -> Reply:
    return found(Facts(email=f"{facts.first_name}@{facts.domain}".lower()))


def nameless(number: int) -> Found:
    facts = Facts(first_name=f"N{number}", last_name="L", company=f"C{number}", domain=f"n{number}.example")
    return Found(f"row {number}", facts)


class Life:
    """One world in which each week is like the one before it, with other people."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.campaigns: list[Campaign] = []
        self.met = 0
        self.mails = 0
        self._delivered = 0
        self._posts = 0

    async def begin(self) -> None:
        world = self.world
        world.webhooks.habits[CRM] = self._fails_now_and_then
        world.enrichers = [MemoryEnricher(world.clock, "finder", [service("finder", Operation.FIND)], knows)]
        await world.restart()
        await self._start()
        for _ in range(AT_ONCE):
            await self._new_campaign()

    async def restart(self) -> None:
        await self.world.restart()
        await self._start()

    async def _start(self) -> None:
        await self.world.start(watch=True, notices=True)
        self.world.desk.tasks.start_soon(Reaper(self.world.context).run)

    async def week(self) -> Footprint:
        world = self.world
        await world.archive(self.campaigns.pop(0))
        await self._new_campaign()
        for day in range(DAYS):
            await world.run_for(hours=HOURS / 2)
            await self._people_answer()
            await self._operator_works(day)
            await world.run_for(hours=HOURS / 2)
        copies = world.settings.database.path.with_name("backup.db")
        back_up(world.settings.database.path, copies, lambda *_: None, keep=2)
        self._forget()
        return await self.measured()

    async def _new_campaign(self) -> None:
        rows = [*people(LISTED, first=self.met), *map(nameless, range(self.met, self.met + NAMELESS))]
        self.met += LISTED
        added = await self.world.live(
            *rows,
            name=f"campaign from {self.met}",
            steps=STEPS,
            enrichment=Enrichment(("finder",)),
            pause_rules=LENIENT,
            daily_email_limit=500,
        )
        self.campaigns.append(added)

    async def _people_answer(self) -> None:
        """Of forty mails four are answered, eight refused by mail or click, eight meet nobody, and one comes back."""
        world = self.world
        for number, handover in enumerate(world.mail.delivered[self._delivered :]):
            build = self._answer_of(number % 40, handover)
            if build is not None:
                world.inboxes.deliver(handover.mailbox, build)
            elif number % 10 == 9:
                await world.opt_out(handover.recipient)
        self._delivered = len(world.mail.delivered)

    def _answer_of(self, kind: int, handover: Handover) -> bytes | None:
        us, now = f"{handover.mailbox}@us.example", self.world.clock.now()
        if kind == 3:
            return letters.bounce(handover, us, "5.1.1", now).as_bytes()
        match kind % 10:
            case 0:
                return letters.answer(handover, us, "Yes, please call me on Monday.", now).as_bytes()
            case 5:
                return letters.answer(handover, us, "unsubscribe", now).as_bytes()
            case 7 | 8:
                return letters.away_note(handover, us, "I am away until Friday.", now).as_bytes()
            case _:
                return None

    async def _operator_works(self, day: int) -> None:
        world, campaign = self.world, self.campaigns[day % AT_ONCE]
        match day:
            case 0:
                await self._import(campaign)
            case 1:
                await world.edit(campaign, steps=[{"subject": "For {{ company }}", "body": f"Hello, {self.met}"}])
            case 2:
                await world.pause(campaign)
                await world.resume(campaign)
            case 3:
                for lead in (await world.leads(campaign))[:3]:
                    await world.erase(lead)
            case 4:
                await world.kill()
                await world.kill(on=False)
            case 5:
                await world.cycle(campaign, dry=True)
            case _:
                for name in world.settings.mailboxes:
                    await world.enable(name)

    async def _import(self, campaign: Campaign) -> None:
        """Two files; the second was a mistake."""
        for attempt in ("a", "b"):
            rows = (f"{attempt}{self.met}-{number}@f{number}.example,Ada\n" for number in range(IMPORTED))
            file = BytesIO(f"Email,First Name\n{''.join(rows)}not an address,Bo\n".encode())
            report = await lead_import.import_csv(self.world.desk, campaign.id, file, actor=OPERATOR)
        assert report.import_id is not None
        await imports.undo(self.world.desk, report.import_id, actor=OPERATOR)

    def _fails_now_and_then(self, _: Post) -> Answer:
        self._posts += 1
        return Answer(500) if self._posts % 7 == 0 else Answer(200)

    def _forget(self) -> None:
        """What only the judge remembers."""
        world = self.world
        self.mails += len(world.mail.delivered)
        self._delivered = 0
        for record in (world.mail.delivered, world.arrivals, world.journal.lines, world.refusals):
            record.clear()
        world.webhooks.requests.clear()
        for box in world.inboxes.mailboxes.values():
            for folder in box.folders.values():
                folder[:] = [None] * len(folder)
        for enricher in world.enrichers:
            assert isinstance(enricher, MemoryEnricher)
            enricher.calls.clear()
            enricher.charged.clear()
        listed = {campaign.definition.name for campaign in self.campaigns}
        for name in set(world.source.lists) - listed:
            del world.source.lists[name]

    async def measured(self) -> Footprint:
        database = self.world.settings.database.path
        wal = database.with_name(f"{database.name}-wal")
        peak = wal.stat().st_size
        store = self.world.store._inner
        assert isinstance(store, SqliteStore)

        def emptied(connection: Connection) -> int:
            """In one piece: whoever writes next begins it anew."""
            assert not _checkpoint(connection).busy
            return wal.stat().st_size

        left = await store.writer.alone(emptied)
        return measured(database, self.world.context.metrics.render(), peak, left)


async def lived(world: World, weeks: int) -> list[Footprint]:
    """The figures of each week."""
    life = Life(world)
    await life.begin()
    figures = [await life.week() for _ in range(weeks)]
    sys.stdout.write(f"{life.mails} mails to {life.met} people\n{table(figures)}\n")
    return figures


@pytest.mark.nightly
def test_many_weeks_leave_no_more_behind_than_a_few(tmp_path: Path, nightly_share: float) -> None:
    async def scenario(world: World) -> None:
        assert growth(await lived(world, max(FEWEST_WEEKS, round(WEEKS * nightly_share)))) == []

    simulate(tmp_path, scenario, settings=dense)


@pytest.mark.nightly
def test_a_process_that_opens_its_database_again_holds_what_it_held_before(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        life = Life(world)
        await life.begin()
        held = []
        for _ in range(RESTARTS):
            await life.restart()
            await world.run_for(hours=1)
            held.append(await life.measured())
        sys.stdout.write(f"{table(held)}\n")
        assert len({(each.descriptors, each.threads, each.tasks, each.wal_bytes) for each in held}) == 1

    simulate(tmp_path, scenario, settings=dense)


FLAT = Footprint(150.0, 200_000, 13, 3, 23, 340, 0, 4_000_000, 3_000_000)


def test_what_only_wavers_is_no_growth() -> None:
    weeks = [replace(FLAT, memory_mb=150 + number % 3, database_bytes=number * 1_000_000) for number in range(12)]
    assert growth(weeks) == []


@pytest.mark.parametrize(
    ("figure", "a_week"),
    [
        ("memory_mb", 4),
        ("objects", 3000),
        ("descriptors", 1),
        ("threads", 1),
        ("tasks", 1),
        ("series", 1),
        ("wal_bytes", 1),
    ],
)
def test_what_grows_each_week_is_told(figure: str, a_week: int) -> None:
    weeks = [replace(FLAT, **{figure: getattr(FLAT, figure) + a_week * number}) for number in range(12)]
    [told] = growth(weeks)
    assert told.startswith(figure)

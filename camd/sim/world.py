"""A seeded world: the real store, pipeline and actors in virtual time, with lists and a verifier that obey.

The same seed and the same scenario give the same ledger. A scenario that fails names its seed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

import anyio
from anyio.abc import TaskGroup

from camd.actors.asked_run import AskedRuns
from camd.actors.campaign import CycleRunner
from camd.actors.health import Health
from camd.actors.inboxes import Inboxes
from camd.actors.lookups import Desks
from camd.actors.notices import Notices
from camd.actors.outboxes import Outboxes
from camd.actors.supervisor import Supervisor
from camd.actors.wake import Doorbells
from camd.actors.watch import Watch
from camd.actors.webhooks import Webhooks
from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.campaign import (
    Autonomy,
    AutonomyMode,
    Campaign,
    CampaignStatus,
    Definition,
    SourceEntry,
    StatusChange,
    Step,
    Verb,
)
from camd.domain.facts import Facts
from camd.domain.lead import Lead
from camd.domain.opt_out import make_token
from camd.domain.send_window import MINUTES_A_DAY, Window
from camd.domain.suppression import SuppressionReason, SuppressionValue, parse_value
from camd.operations import campaign_status, campaigns, erasure, lead_moves, mailboxes, opt_out, switches
from camd.operations.desk import Desk
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.ports.channel import Handover
from camd.ports.lookups import Enricher
from camd.ports.providers import Found, LeadSource
from camd.ports.records import LedgerRow, Preview, Touch
from camd.ports.settings import (
    DatabaseSettings,
    EngineSettings,
    LimitSettings,
    LoggingSettings,
    MailboxSettings,
    NotifySettings,
    PublicSettings,
    RetentionSettings,
    SenderSettings,
    ServerSettings,
    Settings,
)
from camd.ports.store import Tx
from camd.schema.definition import CampaignPatch
from camd.schema.lead import LostBody, ReleaseBody
from camd.schema.report import CycleReport
from camd.schema.status import KillSwitchBody
from camd.sim import invariants
from camd.sim.clock import START, SeededEntropy, SequentialIds, VirtualClock, run
from camd.sim.doors import memory_doors
from camd.sim.fakes import CountingStore, ListSource, Verifier
from camd.sim.inbox import MemoryInboxes
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.webhooks import MemoryWebhooks
from camd.store.sqlite import SqliteStore
from camd.telemetry.logs import get_log

T = TypeVar("T")

INSTANCE_KEY = bytes(range(32))
STEPS = (
    Step(1, "For {{ company }}", "Hello {{ first_name }}"),
    Step(2, "Again", "Still there, {{ first_name }}?", wait_days=Decimal(3)),
)
OPERATOR = "os:ann"
ALWAYS = Window(frozenset(range(7)), 0, MINUTES_A_DAY, holidays=False)
POLL_SECONDS = 600.0
"""Inboxes in memory ring when something comes: a poll is only for those that are in trouble."""
LEDGER_SECONDS = 60.0
ROSTER_SECONDS = 3600.0
"""Whoever starts or stops a campaign rings: a look is only for what rang into nothing."""
AT_ONCE = timedelta(seconds=1)
"""For a world that has only to do what is due already."""


def simulate(
    folder: Path,
    scenario: Callable[["World"], Awaitable[T]],
    *,
    seed: int = 1,
    start: datetime = START,
    settings: Callable[[Settings], Settings] = lambda settings: settings,
) -> T:
    """Runs `scenario` in a world of its own, kept in `folder`, from `start` on."""

    async def whole(clock: VirtualClock) -> T:
        async with World.open(settings(plain_settings(folder)), clock, seed) as world:
            return await scenario(world)

    try:
        return run(whole, start)
    except Exception as error:
        error.add_note(f"seed {seed}")
        raise


def people(count: int, first: int = 0) -> list[Found]:
    """So many people, each at a company of their own; the same number is the same person."""
    return [
        Found(
            source_ref=f"row {number}",
            facts=Facts(
                email=f"p{number}@c{number}.example",
                first_name=f"P{number}",
                last_name=f"L{number}",
                company=f"C{number}",
                country="FR",
            ),
        )
        for number in range(first, first + count)
    ]


@dataclass(frozen=True, slots=True)
class _Daemon:
    """What a process holds and loses when it ends."""

    store: CountingStore
    context: Context
    bells: Doorbells
    runner: CycleRunner
    outboxes: Outboxes
    inboxes: Inboxes
    desks: Desks
    webhooks: Webhooks
    health: Health
    desk: Desk
    tasks: TaskGroup


class World:
    """Made by `World.open`. Nothing runs by itself before `run_for`; `cycle` runs one by hand."""

    def __init__(self, settings: Settings, clock: VirtualClock, seed: int) -> None:
        self.settings = settings
        self.clock = clock
        self.entropy = SeededEntropy(seed)
        self.source = ListSource()
        self.verifier = Verifier()
        self.sources: list[LeadSource] = []
        self.enrichers: list[Enricher] = []
        self.credits_per_day: dict[str, Decimal] = {}
        self.arrivals: list[invariants.Arrival] = []
        self.refusals: dict[SuppressionValue, datetime] = {}
        self.mail = MemoryMail(frozenset(settings.mailboxes), on_delivery=self._arrived)
        self.inboxes = MemoryInboxes(settings.mailboxes, clock)
        self.journal = MemoryJournal()
        self.webhooks = MemoryWebhooks(clock)
        self.roster_seconds = ROSTER_SECONDS
        self._ids = SequentialIds(seed)
        self._process = AsyncExitStack()
        self._works = False

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, clock: VirtualClock, seed: int) -> AsyncIterator[Self]:
        world = cls(settings, clock, seed)
        await world._begin()
        try:
            yield world
        finally:
            await world._end()

    async def restart(self, settings: Settings | None = None) -> None:
        """The process ends, wherever its actors are, and another one opens the same database."""
        works = self._works
        await self._end()
        self.settings = settings or self.settings
        await self._begin()
        if works:
            await self.start()

    async def restart_later(self, length: timedelta, meanwhile: Callable[[], None]) -> None:
        """The process ends; `meanwhile` happens in the world, and after `length` another one begins."""
        await self._end()
        meanwhile()
        await anyio.sleep(length.total_seconds())
        await self._begin()
        await self.start()

    async def start(self, *, watch: bool = False, notices: bool = False) -> None:
        """Starts the supervisor with an actor for every active campaign, the outboxes and inboxes; on demand the
        machine's watch, and who tells the operator."""
        self._works = True
        daemon = self._daemon
        supervisor = Supervisor(daemon.context, daemon.runner, daemon.bells, roster_seconds=self.roster_seconds)
        await daemon.tasks.start(supervisor.run)
        await daemon.tasks.start(daemon.outboxes.run)
        await daemon.tasks.start(daemon.desks.run)
        daemon.tasks.start_soon(daemon.inboxes.run)
        if self.settings.webhooks:
            daemon.tasks.start_soon(daemon.webhooks.run)
        if watch:
            looks = Watch(daemon.context, daemon.health, daemon.bells, self.settings.database.path)
            daemon.tasks.start_soon(looks.run)
        if notices:
            daemon.tasks.start_soon(Notices(daemon.context, daemon.bells).run)

    async def run_for(self, **length: float) -> None:
        """The daemon works for that long; `length` as for `timedelta`."""
        if not self._works:
            await self.start()
        await anyio.sleep(timedelta(**length).total_seconds())

    @property
    def context(self) -> Context:
        return self._daemon.context

    @property
    def store(self) -> CountingStore:
        return self._daemon.store

    @property
    def health(self) -> Health:
        return self._daemon.health

    @property
    def outboxes(self) -> Outboxes:
        return self._daemon.outboxes

    @property
    def desk(self) -> Desk:
        return self._daemon.desk

    async def campaign(self, *found: Found, name: str | None = None, active: bool = True, **fields: Any) -> Campaign:
        """A campaign over a list of `found`, dry by default; `fields` are those of its definition.

        `Any`: they are checked by `Definition`, which has no narrower type for all of them.
        """
        name = name or f"campaign {len(self.source.lists) + 1}"
        self.source.lists[name] = list(found)
        entry = SourceEntry("list", {"list": name})
        definition = replace(Definition(name, sources=(entry,), steps=STEPS), **fields)
        status = CampaignStatus.ACTIVE if active else CampaignStatus.DRAFT
        change = StatusChange(status, None, OPERATOR, self.clock.now())
        added = await self.store.write(lambda tx: tx.campaigns.add(definition, change))
        self._daemon.bells.roster.ring()
        return added

    async def live(self, *found: Found, **fields: Any) -> Campaign:
        """A campaign that writes by itself, at any hour and to everybody at once. `Any`: as for `campaign`."""
        eager: dict[str, Any] = {
            "dry_run": False,
            "autonomy": Autonomy(AutonomyMode.FULL),
            "window": ALWAYS,
            "first_touch_spread_hours": 0.0,
        }
        return await self.campaign(*found, **(eager | fields))

    async def cycle(self, campaign: Campaign, *, dry: bool = False) -> CycleReport:
        """One cycle that a person asks for."""
        return await self._daemon.desk.run(campaign.id, dry)

    async def now(self, campaign: Campaign) -> Campaign:
        """The campaign as it is stored now."""
        found = await self.store.read(lambda tx: tx.campaigns.get(campaign.id))
        assert found is not None, "campaigns are never deleted"
        return found

    async def go(self, campaign: Campaign, *, live: bool) -> None:
        """Sets the campaign's own dry run, past preflight: there is no mail server to log in to."""

        def unit(tx: Tx) -> None:
            stored = tx.campaigns.get(campaign.id)
            assert stored is not None, "campaigns are never deleted"
            tx.campaigns.save(replace(stored, definition=replace(stored.definition, dry_run=not live)))

        await self.store.write(unit)
        self._daemon.bells.ring(campaign.id)

    async def pause(self, campaign: Campaign) -> None:
        await campaign_status.move(self._daemon.desk, campaign.id, Verb.PAUSE, actor=OPERATOR)

    async def archive(self, campaign: Campaign) -> None:
        await campaign_status.move(self._daemon.desk, campaign.id, Verb.ARCHIVE, actor=OPERATOR)

    async def resume(self, campaign: Campaign) -> None:
        await campaign_status.move(self._daemon.desk, campaign.id, Verb.RESUME, actor=OPERATOR)

    async def edit(self, campaign: Campaign, **fields: Any) -> None:
        """`Any`: JSON of the definition's fields."""
        await campaigns.change(self._daemon.desk, campaign.id, CampaignPatch(fields), actor=OPERATOR)

    async def suppress(self, value: str, reason: SuppressionReason = SuppressionReason.OPTED_OUT) -> None:
        def unit(tx: Tx) -> None:
            record.suppress(tx, self.context, parse_value(value), reason, actor="person", now=self.clock.now())

        await self.store.write(unit)
        self._was_refused(value)

    async def opt_out(self, email: str) -> None:
        """The person clicks the address in the mail."""
        key = await self.store.read(lambda tx: tx.instance.key())
        await opt_out.opt_out(self.desk, make_token(key, parse_value(email).key))
        self._was_refused(email)

    async def kill(self, *, on: bool = True) -> None:
        await switches.set_kill_switch(self.desk, KillSwitchBody(on=on), actor=OPERATOR)

    async def enable(self, mailbox: str) -> None:
        await mailboxes.enable(self.desk, mailbox, actor=OPERATOR)

    async def erase(self, lead: Lead) -> None:
        await erasure.erase(self.desk, lead.id, actor=OPERATOR)

    async def lose(self, lead: Lead) -> None:
        await lead_moves.lost(self._daemon.desk, lead.id, LostBody(), actor=OPERATOR)

    async def reopen(self, lead: Lead) -> None:
        await lead_moves.reopen(self._daemon.desk, lead.id, actor=OPERATOR)

    async def release(self, lead: Lead) -> None:
        """Ends every hold of the lead."""
        await lead_moves.release(self._daemon.desk, lead.id, ReleaseBody(), actor=OPERATOR)

    async def change_lead(self, lead: Lead, **facts: Any) -> None:
        """A person corrects the lead's facts, and it is looked at again. `Any`: the values of `Facts`."""
        now = self.clock.now()
        after = replace(lead, facts=replace(lead.facts, **facts), next_action_at=now)
        await self.store.write(lambda tx: tx.leads.save(lead, after))
        self._daemon.bells.ring(lead.campaign_id)

    async def crash_at(self, campaign: Campaign, error: Exception | None = None) -> None:
        """From now on each cycle of the campaign crashes while it reads its list; `mend` ends it."""
        self.source.trouble[campaign.definition.name] = error or ZeroDivisionError("planted by the simulation")
        await self.store.write(lambda tx: tx.sources.forget(campaign.id))
        self._daemon.bells.ring(campaign.id)

    def mend(self, campaign: Campaign) -> None:
        self.source.trouble.pop(campaign.definition.name, None)

    async def leads(self, campaign: Campaign) -> list[Lead]:
        return await self.store.read(lambda tx: invariants.leads(tx, campaign.id))

    async def touches(self, campaign: Campaign) -> list[Touch]:
        return await self.store.read(lambda tx: invariants.touches(tx, campaign.id))

    async def previews(self, campaign: Campaign) -> Sequence[Preview]:
        return await self.store.read(lambda tx: invariants.previews(tx, campaign.id))

    async def ledger(self) -> list[LedgerRow]:
        return await self.store.read(invariants.ledger)

    async def check_invariants(self) -> None:
        def query(tx: Tx) -> list[str]:
            found = invariants.broken(tx, self.clock.now(), self.settings.countries)
            return found + invariants.unlawful(tx, self.arrivals, self.refusals, self.settings.mailboxes)

        problems = await self.store.read(query)
        assert not problems, "\n".join(problems)

    def _was_refused(self, value: str) -> None:
        self.refusals.setdefault(parse_value(value), self.clock.now())

    def _arrived(self, handover: Handover) -> None:
        """A touch: what the operator is told is none."""
        if handover.recipient not in self.settings.notify.email:
            self.arrivals.append(invariants.Arrival(self.clock.now(), handover))

    async def _begin(self) -> None:
        opened = SqliteStore.open(
            self.settings.database.path,
            self.clock,
            journal=self.journal,
            simulated=True,
            instance_key=INSTANCE_KEY,
        )
        kept = await self._process.enter_async_context(opened)
        # Nobody cuts the power of a simulated machine: its commits wait for no disk.
        await kept.writer.alone(lambda connection: connection.exec_driver_sql("PRAGMA synchronous=OFF"))
        get_log().hash_leads_with(INSTANCE_KEY)
        store = CountingStore(kept)
        tasks = await self._process.enter_async_context(anyio.create_task_group())
        self._daemon = self._built(store, tasks)

    def _built(self, store: CountingStore, tasks: TaskGroup) -> _Daemon:
        parts = Adapters(
            self.clock,
            self.entropy,
            self._ids,
            (self.source, *self.sources),
            self.verifier,
            enrichers=tuple(self.enrichers),
            credits_per_day=self.credits_per_day,
            webhooks=self.webhooks,
        )
        context = build_context(
            self.settings,
            parts,
            store,
            make_metrics(self.clock, self.settings, parts.providers),
            memory_doors(self.settings, self.mail, self.clock, self.inboxes),
            self.journal,
        )
        health, bells = Health(self.clock.now()), Doorbells()
        runner, outboxes = CycleRunner(context, bells), Outboxes(context, bells)
        inboxes = Inboxes(context, bells, poll_seconds=POLL_SECONDS)
        desks = Desks(context, bells)
        desk = Desk(
            context=context,
            doorbells=bells,
            started_at=health.started_at,
            version="simulated",
            is_ready=lambda: health.is_ready,
            run=AskedRuns(context, runner, outboxes, inboxes, desks).run,
            tasks=tasks,
        )
        webhooks = Webhooks(context, bells, look_seconds=LEDGER_SECONDS)
        return _Daemon(store, context, bells, runner, outboxes, inboxes, desks, webhooks, health, desk, tasks)

    async def _end(self) -> None:
        self._works = False
        self._daemon.tasks.cancel_scope.cancel()
        await self._process.aclose()


def plain_settings(folder: Path, *mailboxes: MailboxSettings) -> Settings:
    """Live, with one mailbox where none is given, and nothing else set."""
    path = folder / "camd.db"
    boxes: Mapping[str, MailboxSettings] = {box.name: box for box in mailboxes or (mailbox("sales"),)}
    return Settings(
        database=DatabaseSettings(f"sqlite:///{path}", path, folder / "camd.journal"),
        server=ServerSettings("127.0.0.1", 0, folder / "api.sock"),
        public=PublicSettings(),
        engine=EngineSettings(dry_run=False),
        sender=SenderSettings(name="Ann", company="Acme", postal_address="1 High Street"),
        limits=LimitSettings(),
        countries={},
        notify=NotifySettings(),
        mailboxes=boxes,
        providers={},
        webhooks={},
        retention=RetentionSettings(),
        logging=LoggingSettings(),
        file=None,
        origins={},
    )


def mailbox(name: str, *, daily_limit: int = 30, timezone: str = "UTC") -> MailboxSettings:
    return MailboxSettings(
        name=name,
        address=f"{name}@us.example",
        from_name="Ann",
        smtp_host="mail.us.example",
        smtp_port=587,
        smtp_security="starttls",
        username=None,
        auth="password",
        password=None,
        oauth_token_url=None,
        oauth_client_id=None,
        oauth_client_secret=None,
        oauth_refresh_token=None,
        oauth_scope=None,
        imap_host="imap.us.example",
        imap_port=993,
        imap_security="tls",
        maildir=None,
        folders=(),
        sent_folder_authoritative=False,
        daily_limit=daily_limit,
        ramp=False,
        min_gap_seconds=600,
        jitter_seconds=300,
        max_connections=2,
        timezone=timezone,
    )

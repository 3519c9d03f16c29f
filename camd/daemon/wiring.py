"""The one place that names concrete classes: builds the engine from settings and adapters."""

import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Self, TypeVar

import anyio
from pydantic import BaseModel

from camd.actors.asked_run import AskedRuns
from camd.actors.campaign import CycleRunner
from camd.actors.health import Health
from camd.actors.inboxes import Inboxes
from camd.actors.lookups import Desks
from camd.actors.outboxes import Outboxes
from camd.actors.quota import QuotaService
from camd.actors.wake import Doorbells
from camd.actors.watch import CutReaders, measure
from camd.actors.webhooks import Webhooks
from camd.api.app import ROUTES
from camd.daemon.backup_watch import BackupWatch
from camd.daemon.doctor import MachineDoctor
from camd.daemon.identity import read_identity
from camd.daemon.integrity import check_integrity
from camd.daemon.journal import FileJournal
from camd.daemon.lock import DatabaseLock
from camd.daemon.observe import StoreMetrics, machine_of
from camd.daemon.recovery import recover
from camd.daemon.vendors import VENDORS
from camd.domain.campaign import CampaignStatus
from camd.domain.lead import HoldReason, LeadStatus
from camd.domain.suppression import SuppressionReason
from camd.mail.domain_records import DnsDomainRecords
from camd.mail.inboxes import Inboxes as InboxDoors
from camd.mail.reading import ProcessReader
from camd.mail.render import JinjaRenderer
from camd.mail.smtp import SmtpChannel
from camd.operations.desk import Desk
from camd.operations.lead_import import undo_unfinished
from camd.operations.tokens import load as load_tokens
from camd.pipeline.context import Context
from camd.pipeline.cycle import STAGES
from camd.pipeline.hearing import Hearing
from camd.pipeline.provider_health import ProviderHealth
from camd.pipeline.send_gate import GateReason, SendGate
from camd.ports.channel import MailDoor
from camd.ports.clock import Clock, Entropy, IdSource
from camd.ports.domain_records import DomainRecords
from camd.ports.inbox import InboxDoor, LetterReader
from camd.ports.journal import Journal
from camd.ports.lookups import Enricher
from camd.ports.providers import AddressVerifier, LeadSource
from camd.ports.records import MachineIdentity
from camd.ports.settings import Settings
from camd.ports.store import Store
from camd.ports.webhooks import WebhookDoor
from camd.providers.csv_file import CsvSource
from camd.providers.csv_rows import read_rows
from camd.providers.dns import DnsVerifier
from camd.providers.dns_resolver import DnsResolver
from camd.providers.hook import HookSource
from camd.store.checkpoints import require_safe_checkpoints
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock, SystemEntropy, SystemIds
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Labels, Metrics
from camd.webhooks.delivery import HttpWebhooks

M = TypeVar("M", bound=BaseModel)

VERSION = version("camd")


def _this_machine(database: Path) -> MachineIdentity:
    return read_identity(database, os.environ)


@dataclass(frozen=True, slots=True)
class Adapters:
    """What stands between the engine and the world. The simulation and the sandbox bring their own."""

    clock: Clock
    entropy: Entropy
    ids: IdSource
    sources: tuple[LeadSource, ...]
    verifier: AddressVerifier
    simulated: bool = False
    identify: Callable[[Path], MachineIdentity] = _this_machine
    domain_records: DomainRecords = field(default_factory=DnsDomainRecords)
    webhooks: WebhookDoor = field(default_factory=HttpWebhooks)
    enrichers: tuple[Enricher, ...] = ()
    credits_per_day: Mapping[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def providers(self) -> frozenset[str]:
        """Their names, those of sources and those that answer questions."""
        return frozenset(source.name for source in self.sources) | {enricher.name for enricher in self.enrichers}


def real_adapters(settings: Settings) -> Adapters:
    """The machine's clock, dice and DNS, and the vendors that this version knows."""
    clock = SystemClock()
    entropy = SystemEntropy()
    sections = {name: settings.providers.get(name, vendor.settings()) for name, vendor in VENDORS.items()}
    budgets = {name: getattr(section, "credits_per_day", None) for name, section in sections.items()}
    sources = (vendor.source(sections[name], clock) for name, vendor in VENDORS.items() if vendor.source)
    enrichers = (vendor.enricher(sections[name], clock) for name, vendor in VENDORS.items() if vendor.enricher)
    return Adapters(
        clock,
        entropy,
        SystemIds(clock, entropy),
        sources=(CsvSource(clock), HookSource(clock), *sources),
        verifier=DnsVerifier(DnsResolver(), clock),
        enrichers=tuple(enrichers),
        credits_per_day={name: limit for name, limit in budgets.items() if limit is not None},
    )


def make_metrics(clock: Clock, settings: Settings, providers: Collection[str] = ()) -> Metrics:
    """The metrics of this process with their closed label sets."""
    labels = Labels(
        campaign_statuses=list(CampaignStatus),
        lead_statuses=list(LeadStatus),
        hold_reasons=list(HoldReason),
        gate_reasons=list(GateReason),
        suppression_reasons=list(SuppressionReason),
        stages=STAGES,
        mailboxes=list(settings.mailboxes),
        routes=ROUTES,
        providers=sorted(providers),
    )
    return Metrics(version=VERSION, started_at=clock.now(), labels=labels)


class Engine:
    """Everything the daemon can do, under the lock of its database; it runs no actors by itself.

    Made by `Engine.open`. Operations take its `desk`; `supervise` and the other actors are the daemon's.
    """

    def __init__(
        self,
        context: Context,
        health: Health,
        bells: Doorbells,
        runner: CycleRunner,
        outboxes: Outboxes,
        inboxes: Inboxes,
        desks: Desks,
        webhooks: Webhooks,
        desk: Desk,
        cut_readers: CutReaders = lambda: 0,
    ) -> None:
        self.context = context
        self.health = health
        self.bells = bells
        self.runner = runner
        self.outboxes = outboxes
        self.inboxes = inboxes
        self.desks = desks
        self.webhooks = webhooks
        self.desk = desk
        self.cut_readers = cut_readers

    @property
    def settings(self) -> Settings:
        """Those in force, which a reload changes."""
        return self.context.settings

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, adapters: Adapters | None = None, metrics: Metrics | None = None
    ) -> AsyncIterator[Self]:
        """Takes the lock, migrates and opens the database, compares it with its journal and its machine, undoes imports
        that a crash cut short.

        Raises `DatabaseHeld` at once where another process holds it, `NewerSchema`, `UnsafeDatabase`.
        """
        parts = adapters or real_adapters(settings)
        metrics = metrics or make_metrics(parts.clock, settings, parts.providers)
        database = settings.database
        require_safe_checkpoints(sqlite3.sqlite_version_info, outside_checkpointer=database.outside_checkpointer)
        lock = DatabaseLock(database.path, since=parts.clock.now(), network_allowed=database.allow_network_filesystem)
        journal = FileJournal(database.journal, parts.clock)
        opened = SqliteStore.open(
            database.path, parts.clock, journal=journal, simulated=parts.simulated, observer=StoreMetrics(metrics)
        )
        boxes = settings.mailboxes
        with lock, closing(ProcessReader(boxes, parts.clock)) as letters:
            mail = SmtpChannel(boxes, parts.clock)
            async with journal, opened as store, mail, anyio.create_task_group() as tasks:
                # A file that can no longer be trusted ends the process: nothing is repaired in place.
                tasks.start_soon(store.writer.watch)
                tasks.start_soon(journal.watch)
                inbox_doors = InboxDoors(boxes, parts.clock, tokens=lambda: mail.tokens)
                doors = Doors(mail, inbox_doors, letters, parts.domain_records)
                context = build_context(settings, parts, store, metrics, doors, journal)
                get_log().hash_leads_with(await store.read(lambda tx: tx.instance.key()))
                await check_integrity(store.writer, context.gate)
                await recover(context, journal, parts.identify(database.path))
                health = Health(parts.clock.now())
                measure(health, database.path)
                BackupWatch(metrics, health, database.path).look(first=True)
                bells = Doorbells()
                runner = CycleRunner(context, bells)
                outboxes, inboxes, desks = Outboxes(context, bells), Inboxes(context, bells), Desks(context, bells)
                desk = Desk(
                    context=context,
                    doorbells=bells,
                    started_at=health.started_at,
                    version=VERSION,
                    is_ready=lambda: health.is_ready,
                    run=AskedRuns(context, runner, outboxes, inboxes, desks).run,
                    tasks=tasks,
                    scrub=store.writer.checkpoint,
                    machine=lambda: machine_of(health),
                    examine=MachineDoctor(context, store, health).examine,
                )
                await load_tokens(desk)
                await undo_unfinished(desk)
                webhooks = Webhooks(context, bells)
                yield cls(context, health, bells, runner, outboxes, inboxes, desks, webhooks, desk, store.cut_readers)
                tasks.cancel_scope.cancel()


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways of mail: out, in, and what the world's records say of those who send."""

    mail: MailDoor
    inboxes: InboxDoor
    letters: LetterReader
    domain_records: DomainRecords


def build_context(
    settings: Settings,
    parts: Adapters,
    store: Store,
    metrics: Metrics,
    doors: Doors,
    journal: Journal,
) -> Context:
    """What the stages work with, of these parts and a fresh gate."""
    return Context(
        store=store,
        clock=parts.clock,
        entropy=parts.entropy,
        ids=parts.ids,
        settings=settings,
        sources={source.name: source for source in parts.sources},
        enrichers={enricher.name: enricher for enricher in parts.enrichers},
        credits_per_day=parts.credits_per_day,
        verifier=parts.verifier,
        renderer=JinjaRenderer(parts.clock),
        mail=doors.mail,
        inboxes=doors.inboxes,
        letters=doors.letters,
        domain_records=doors.domain_records,
        journal=journal,
        webhooks=parts.webhooks,
        quota=QuotaService(store, parts.clock, metrics),
        gate=SendGate(parts.clock, metrics),
        hearing=Hearing(settings.mailboxes, parts.clock, metrics),
        providers=ProviderHealth(store, parts.clock, parts.entropy, metrics),
        metrics=metrics,
        read_rows=lambda stream, mapping: read_rows(stream, mapping=mapping),
    )

"""Live campaigns with their leads, scored and due, whose mails go to the judge without pace or limit, day and night."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import anyio

from camd.daemon.wiring import Adapters, Engine
from camd.domain.campaign import Autonomy, AutonomyMode, CampaignStatus, Definition, StatusChange, Step
from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.lead import Action, Lead, LeadState, LeadStatus
from camd.domain.send_window import Window
from camd.domain.token_bucket import QuotaScope
from camd.ports.clock import Clock
from camd.ports.records import TouchStatus
from camd.ports.settings import LimitSettings, MailboxSettings, Settings
from camd.ports.store import Tx
from camd.sim import invariants
from camd.sim.fakes import Verifier
from camd.sim.journal import MemoryJournal
from camd.sim.world import INSTANCE_KEY, mailbox, plain_settings
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock, SystemEntropy, SystemIds
from tests.proof.judge import Books, LeadRow, TouchRow

ALWAYS = Window(frozenset(range(7)), 0, 1440, holidays=False)
FIRST = Step(1, "For {{ company }}", "This is mail 1 to {{ first_name }}.")
FOLLOW_UP = Step(2, "Again", "This is mail 2 to {{ first_name }}.", wait_days=Decimal(0))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MOST_ROUNDS = 50
"""Cycles after which a campaign that still has something to do never ends."""
_UNDER_WAY = (TouchStatus.PLANNED, TouchStatus.APPROVED, TouchStatus.INTENT, TouchStatus.ON_WIRE)


@dataclass(frozen=True, slots=True)
class Plan:
    """`leads` are addresses, each campaign's own; all campaigns write through all mailboxes."""

    leads: Sequence[Sequence[str]]
    steps: tuple[Step, ...] = (FIRST, FOLLOW_UP)


def addresses(count: int, first: int = 0) -> list[str]:
    """Each at a company of its own."""
    return [f"p{number}@c{number}.example" for number in range(first, first + count)]


def settings(folder: Path, *boxes: MailboxSettings) -> Settings:
    return replace(plain_settings(folder, *boxes), limits=LimitSettings(person_gap_hours=0))


def box(name: str, port: int, connections: int = 1) -> MailboxSettings:
    return replace(
        mailbox(name, daily_limit=1_000_000),
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
        min_gap_seconds=0,
        jitter_seconds=0,
        max_connections=connections,
    )


def adapters(clock: Clock | None = None) -> Adapters:
    clock = clock or SystemClock()
    entropy = SystemEntropy()
    return Adapters(clock, entropy, SystemIds(clock, entropy), (), Verifier())


async def prepare(path: Path, plan: Plan) -> None:
    """A database that no daemon has opened yet."""
    clock = SystemClock()
    now = clock.now()
    active = StatusChange(CampaignStatus.ACTIVE, None, "engine", now)

    def unit(tx: Tx) -> None:
        for number, people in enumerate(plan.leads, 1):
            campaign = tx.campaigns.add(_definition(f"Campaign {number}", plan.steps), active)
            for lead in _leads(campaign.id, people, now):
                assert tx.leads.insert(lead)

    async with SqliteStore.open(path, clock, journal=MemoryJournal(), instance_key=INSTANCE_KEY) as store:
        await store.write(unit)


def _definition(name: str, steps: tuple[Step, ...]) -> Definition:
    return Definition(
        name,
        daily_email_limit=500,
        steps=steps,
        window=ALWAYS,
        dry_run=False,
        first_touch_spread_hours=0,
        autonomy=Autonomy(AutonomyMode.FULL, 0),
    )


def _leads(campaign_id: CampaignId, people: Iterable[str], now: datetime) -> list[Lead]:
    return [
        Lead(
            LeadId(f"ld_{campaign_id}_{number:04}"),
            campaign_id,
            f"address:{address}",
            LeadState(LeadStatus.ENRICHED, ever_enriched=True),
            Facts(email=address, first_name="Grace", last_name="Hopper", company="Acme", country="FR"),
            now,
            now,
            verdict=Verdict.VALID,
            score=0.5,
            enriched_at=now,
            next_action=Action.OUTREACH,
            next_action_at=now,
        )
        for number, address in enumerate(people)
    ]


@asynccontextmanager
async def sending(engine: Engine) -> AsyncIterator[None]:
    """Its outboxes run, and every mailbox hears that nothing comes in."""
    for name in engine.settings.mailboxes:
        engine.context.hearing.heard(name)
    async with anyio.create_task_group() as tasks:
        await tasks.start(engine.outboxes.run)
        yield
        await engine.outboxes.drain()


async def send_to_the_end(engine: Engine, begun: Callable[[], None] = lambda: None) -> None:
    """Until nothing is due in any campaign; what a server put off is due later. `begun`: the first mails may go."""
    async with sending(engine):
        for _ in range(MOST_ROUNDS):
            await send_what_is_due(engine, begun)
            if not await _is_due(engine):
                return
        raise AssertionError("the campaigns never come to rest")


async def send_what_is_due(engine: Engine, planned: Callable[[], None] = lambda: None) -> None:
    """One cycle of every campaign, until all that may go now has gone."""
    active = await engine.context.store.read(lambda tx: tx.campaigns.active())
    async with anyio.create_task_group() as tasks:
        for campaign_id, _ in active:
            tasks.start_soon(engine.runner.run, campaign_id, False)
    planned()
    await engine.outboxes.at_rest(engine.settings.mailboxes)


async def _is_due(engine: Engine) -> bool:
    now = engine.context.clock.now()

    def query(tx: Tx) -> bool:
        next_looks = (tx.leads.next_due(campaign_id) for campaign_id, _ in tx.campaigns.active())
        return any(at is not None and at <= now for at in next_looks) or any(map(tx.touches.count, _UNDER_WAY))

    return await engine.context.store.read(query)


async def books(engine: Engine) -> Books:
    return await engine.context.store.read(lambda tx: read_books(tx, engine.context.clock.now()))


def read_books(tx: Tx, now: datetime) -> Books:
    leads, touches, debits = [], [], 0
    for campaign in invariants.campaigns(tx):
        debits += tx.quotas.used(QuotaScope.CAMPAIGN, str(campaign.id), LONG_AGO)
        for lead in invariants.leads(tx, campaign.id):
            recipient = lead.facts.email or ""
            leads.append(LeadRow(recipient, lead.status, tuple(hold.reason for hold in lead.holds)))
            touches += [
                TouchRow(recipient, it.step, it.status, it.message_id, it.reason, it.mailbox)
                for it in sorted(tx.touches.of_lead(lead.id), key=lambda touch: touch.step)
            ]
    return Books(tuple(leads), tuple(touches), debits, tuple(invariants.broken(tx, now, {})))

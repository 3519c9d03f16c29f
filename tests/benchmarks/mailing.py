"""The same mails for every way of sending that is compared: live campaigns with their leads, scored and due."""

import gc
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from camd.daemon.wiring import VERSION, Engine, make_metrics
from camd.domain.campaign import Autonomy, AutonomyMode, CampaignStatus, Definition, StatusChange, Step
from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.lead import Action, Lead, LeadState, LeadStatus
from camd.domain.message_id import message_id
from camd.domain.send_window import Window
from camd.pipeline.context import Context
from camd.pipeline.cycle import run_cycle
from camd.pipeline.mail_text import compose, opt_out_url
from camd.ports.channel import Handover
from camd.ports.mail import Rendered
from camd.ports.settings import MailboxSettings, PublicSettings, Settings
from camd.ports.store import Tx
from camd.sim.world import mailbox, plain_settings
from camd.system import SystemClock
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Metrics
from tests.benchmarks.sink import ADDRESS

MOST_A_DAY = 500
"""More than this no campaign may send in a day."""
STEP = Step(
    1,
    "A website for {{ company }}",
    "Dear {{ first_name }} {{ last_name }},\n\n"
    "I saw the page of {{ company }} in {{ city }} and wondered who looks after it.\n\n"
    + "We build and mend websites for practices of your size, in weeks rather than in months.\n" * 8
    + "\nMay I send you two examples?\n\nKind regards\n{{ sender.name }}\n",
)
ALWAYS = Window(frozenset(range(7)), 0, 1440, holidays=False)


@dataclass(frozen=True, slots=True)
class Size:
    """So many mails over so many mailboxes with so many connections each."""

    mails: int
    mailboxes: int
    connections: int


@asynccontextmanager
async def opened(port: int, size: Size, folder: Path | None = None) -> AsyncIterator[Engine]:
    """The engine as the daemon has it."""
    with TemporaryDirectory() as name:
        settings = _settings(folder or Path(name), port, size)
        metrics = make_metrics(SystemClock(), settings)
        with logging_to_nowhere(settings, metrics):
            async with Engine.open(settings, metrics=metrics) as engine:
                gc.freeze()
                yield engine
                gc.unfreeze()


@contextmanager
def logging_to_nowhere(settings: Settings, metrics: Metrics) -> Iterator[None]:
    """Every line is made and written, to where nobody reads it."""
    with Path(os.devnull).open("w") as nowhere:
        log = configure(SystemClock(), settings.logging, version=VERSION, metrics=metrics, stream=nowhere)
        try:
            yield
        finally:
            log.close()


def _settings(folder: Path, port: int, size: Size) -> Settings:
    """Live, without pace and with limits that nobody meets."""
    boxes = (_box(f"sales{number}", port, size.connections) for number in range(size.mailboxes))
    public = PublicSettings(enabled=True, base_url="https://camd.us.example")
    return replace(plain_settings(folder, *boxes), public=public)


def _box(name: str, port: int, connections: int) -> MailboxSettings:
    return replace(
        mailbox(name, daily_limit=1_000_000),
        smtp_host=ADDRESS,
        smtp_port=port,
        smtp_security="none",
        min_gap_seconds=0,
        jitter_seconds=0,
        max_connections=connections,
    )


async def plan(engine: Engine, mails: int, first: int = 0) -> None:
    """Campaigns with so many leads in all, numbered from `first`, their first mail planned and approved, due now."""
    for start in range(first, first + mails, MOST_A_DAY):
        campaign_id = await add_campaign(engine, f"Campaign {start}")
        await add_leads(engine, campaign_id, range(start, min(start + MOST_A_DAY, first + mails)))


async def add_campaign(engine: Engine, name: str) -> CampaignId:
    change = StatusChange(CampaignStatus.ACTIVE, None, "engine", engine.context.clock.now())
    campaign = await engine.context.store.write(lambda tx: tx.campaigns.add(_definition(name), change))
    return campaign.id


async def add_leads(engine: Engine, campaign_id: CampaignId, numbers: Iterable[int]) -> None:
    """Leads whose first mail the real cycle plans."""
    now = engine.context.clock.now()
    leads = [_lead(campaign_id, number, now) for number in numbers]
    await engine.context.store.write(lambda tx: _insert(tx, leads))
    await run_cycle(engine.context, campaign_id, call_dry=False)


def _definition(name: str) -> Definition:
    return Definition(
        name,
        daily_email_limit=MOST_A_DAY,
        steps=(STEP,),
        window=ALWAYS,
        dry_run=False,
        first_touch_spread_hours=0,
        autonomy=Autonomy(AutonomyMode.FULL, 0),
    )


def _lead(campaign_id: CampaignId, number: int, now: datetime) -> Lead:
    """Each at a company of its own."""
    facts = Facts(
        email=f"person@company{number}.example",
        first_name="Grace",
        last_name="Hopper",
        company=f"Company {number}",
        city="Leeds",
        source="csv",
        source_ref=f"row:{number}",
    )
    return Lead(
        LeadId(f"ld_{number:0>26}"),
        campaign_id,
        f"address:{facts.email}",
        LeadState(LeadStatus.ENRICHED, ever_enriched=True),
        facts,
        now,
        now,
        verdict=Verdict.VALID,
        score=0.5,
        enriched_at=now,
        next_action=Action.OUTREACH,
        next_action_at=now,
    )


def _insert(tx: Tx, leads: list[Lead]) -> None:
    for lead in leads:
        assert tx.leads.insert(lead)


class Texts:
    """Renders what the campaigns would send, without a look at the database."""

    def __init__(self, ctx: Context, instance_key: bytes) -> None:
        self._ctx = ctx
        self._key = instance_key
        self._boxes = list(ctx.settings.mailboxes.values())
        self._definition = _definition("Campaign")

    def handover(self, number: int) -> Handover:
        """Text with footer, opt-out address and Message-ID, as an outbox makes them."""
        lead = _lead(CampaignId(1), number, self._ctx.clock.now())
        box = self._boxes[number % len(self._boxes)]
        assert lead.facts.email is not None, "it was made with one"
        url = opt_out_url(self._ctx.settings, self._key, lead.facts.email)
        text = compose(self._ctx, self._definition, lead, STEP, thread=None, opt_out_url=url)
        assert isinstance(text, Rendered), text
        made = message_id(
            self._key, campaign_id=CampaignId(1), lead_id=lead.id, step=1, steps_version=1, sender=box.address
        )
        return Handover(box.name, lead.facts.email, made, text.subject, text.body, opt_out_url=url)

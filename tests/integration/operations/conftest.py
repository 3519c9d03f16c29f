"""A desk over a real SQLite store: the clock stands still unless a test moves it, addresses are judged by a list."""

from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import anyio
import pytest

from camd.actors.campaign import CycleRunner
from camd.actors.quota import QuotaService
from camd.actors.wake import Doorbells
from camd.domain.campaign import CampaignStatus
from camd.domain.contact import EmailAddress
from camd.domain.facts import Verdict
from camd.domain.lead import HoldReason, LeadStatus
from camd.domain.suppression import SuppressionReason
from camd.mail.render import JinjaRenderer
from camd.operations.desk import Desk
from camd.pipeline.context import Context
from camd.pipeline.send_gate import GateReason, SendGate
from camd.ports.providers import Found, RateLimit, Rejected, Verification
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
from camd.providers.csv_file import CsvSource
from camd.providers.csv_rows import read_rows
from camd.sim.mail import FixedRecords, MemoryMail
from camd.store.sqlite import SqliteStore
from camd.system import SystemEntropy, SystemIds
from camd.telemetry.metrics import Labels, Metrics

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(slots=True)
class HandClock:
    """Stands still until a test moves it."""

    instant: datetime = MONDAY

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    def forward(self, by: timedelta) -> None:
        self.instant += by

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class ListVerifier:
    """Every address is valid but those named."""

    verdicts: Mapping[str, Verdict] = field(default_factory=lambda: {"gone@firm.example": Verdict.INVALID})
    name: str = "dns"
    rate_limit: RateLimit = field(default_factory=lambda: RateLimit(1000, timedelta(seconds=1), 1000))

    async def verify(self, address: EmailAddress) -> Verification:
        return Verification(self.verdicts.get(address.given, Verdict.VALID), "list")


def settings(folder: Path) -> Settings:
    database = DatabaseSettings("sqlite:///camd.db", folder / "camd.db", folder / "camd.journal")
    return Settings(
        database=database,
        server=ServerSettings("127.0.0.1", 8000, folder / "api.sock"),
        public=PublicSettings(),
        engine=EngineSettings(),
        sender=SenderSettings("Ann", "Acme", "1 Main St"),
        limits=LimitSettings(),
        countries={},
        notify=NotifySettings(),
        mailboxes={"sales": mailbox()},
        providers={},
        webhooks={},
        retention=RetentionSettings(),
        logging=LoggingSettings(),
        file=None,
        origins={},
    )


def mailbox() -> MailboxSettings:
    return MailboxSettings(
        name="sales",
        address="ann@acme.example",
        from_name=None,
        smtp_host="127.0.0.1",
        smtp_port=25,
        smtp_security="none",
        username=None,
        auth="password",
        password=None,
        oauth_token_url=None,
        oauth_client_id=None,
        oauth_client_secret=None,
        oauth_refresh_token=None,
        oauth_scope=None,
        imap_host=None,
        imap_port=993,
        imap_security="tls",
        maildir=None,
        folders=(),
        sent_folder_authoritative=False,
        daily_limit=30,
        ramp=True,
        min_gap_seconds=600,
        jitter_seconds=300,
        max_connections=2,
        timezone="UTC",
    )


def metrics(now: datetime) -> Metrics:
    labels = Labels(
        campaign_statuses=list(CampaignStatus),
        lead_statuses=list(LeadStatus),
        hold_reasons=list(HoldReason),
        gate_reasons=list(GateReason),
        suppression_reasons=list(SuppressionReason),
        stages=["discover", "dedupe", "enrich", "score", "outreach", "track", "evaluate"],
        routes=[],
    )
    return Metrics(version="test", started_at=now, labels=labels)


def rows_of(stream: BinaryIO, mapping: Mapping[str, str]) -> Generator[Found | Rejected, None, None]:
    return read_rows(stream, mapping=mapping)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def desk(tmp_path: Path, clock: HandClock) -> AsyncIterator[Desk]:
    async with SqliteStore.open(tmp_path / "camd.db", clock, simulated=True) as store:
        figures = metrics(clock.now())
        entropy = SystemEntropy()
        context = Context(
            store=store,
            clock=clock,
            entropy=entropy,
            ids=SystemIds(clock, entropy),
            settings=settings(tmp_path),
            sources={"csv": CsvSource(clock)},
            verifier=ListVerifier(),
            renderer=JinjaRenderer(clock),
            mail=MemoryMail(frozenset({"sales"})),
            domain_records=FixedRecords(),
            quota=QuotaService(store, clock, figures),
            gate=SendGate(clock, figures),
            metrics=figures,
            read_rows=rows_of,
        )
        runner = CycleRunner(context)
        # Whoever starts a run enters a group of its own: a fixture is set up and torn down by different tasks.
        unentered = anyio.create_task_group()
        yield Desk(context, Doorbells(), clock.now(), "1.0", lambda: True, runner.run, unentered)

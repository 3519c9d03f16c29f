"""An installation whose live campaigns have mails due, for a real daemon: its settings, its database, its books."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import anyio

from camd.domain.campaign import Autonomy, AutonomyMode, CampaignStatus, Definition, StatusChange, Step
from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.lead import Action, Lead, LeadState, LeadStatus
from camd.domain.send_window import Window
from camd.ports.store import Tx
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock
from tests.proof.campaigns import read_books
from tests.proof.judge import Books, Mail, problems

ALWAYS = Window(frozenset(range(7)), 0, 1440, holidays=False)
ONE_MAIL = (Step(1, "For {{ company }}", "This is mail 1 to {{ first_name }}."),)


@dataclass(frozen=True, slots=True)
class Group:
    """A campaign of its own: who is due in it from `due_at` on."""

    people: Sequence[str]
    due_at: datetime
    window: Window = ALWAYS
    timezone: str = "UTC"
    daily_limit: int = 500


@dataclass(frozen=True, slots=True)
class Installation:
    """`database` is the file; `journal` may lie on another disk."""

    folder: Path
    database: Path
    journal: Path
    timezone: str = "UTC"
    mailbox: Mapping[str, int] = field(default_factory=dict)

    def configure(self, port: int) -> Path:
        """The file of settings; mails go to `port` on loopback."""
        box = {"daily_limit": 10_000, "min_gap_seconds": 0, "jitter_seconds": 0, "max_connections": 1}
        file = self.folder / "camd.toml"
        file.write_text(
            f"""
[database]
url = "sqlite:///{self.database}"
journal = "{self.journal}"

[engine]
dry_run = false
timezone = "{self.timezone}"

[sender]
name = "Ann"
company = "Acme"
postal_address = "1 High Street"

[limits]
person_gap_hours = 0

[mailboxes.sales]
address = "sales@us.example"
smtp_host = "127.0.0.1"
smtp_port = {port}
smtp_security = "none"
ramp = false
"""
            + "".join(f"{key} = {value}\n" for key, value in {**box, **self.mailbox}.items())
        )
        return file

    def prepare(self, *groups: Group) -> None:
        """A database that no daemon has opened yet."""
        anyio.run(_prepare, self.database, groups)

    def problems(self, mails: list[Mail]) -> list[str]:
        """What its books and these mails, all of one step, say against each other; no daemon may run."""
        return problems(mails, self.books(), steps=1)

    def books(self) -> Books:
        return anyio.run(_read, self.database)


def addresses(count: int) -> list[str]:
    """Each at a company of its own."""
    return [f"p{number}@c{number}.example" for number in range(count)]


async def _prepare(path: Path, groups: Iterable[Group]) -> None:
    def unit(tx: Tx) -> None:
        for number, group in enumerate(groups, 1):
            active = StatusChange(CampaignStatus.ACTIVE, None, "engine", group.due_at)
            definition = Definition(
                f"Campaign {number}",
                daily_email_limit=group.daily_limit,
                timezone=group.timezone,
                steps=ONE_MAIL,
                window=group.window,
                dry_run=False,
                first_touch_spread_hours=0,
                autonomy=Autonomy(AutonomyMode.FULL, 0),
            )
            campaign = tx.campaigns.add(definition, active)
            for place, address in enumerate(group.people):
                assert tx.leads.insert(_lead(campaign.id, place, address, group.due_at))

    async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal()) as store:
        await store.write(unit)


def _lead(campaign_id: CampaignId, place: int, address: str, due_at: datetime) -> Lead:
    return Lead(
        LeadId(f"ld_{campaign_id}_{place:04}"),
        campaign_id,
        f"address:{address}",
        LeadState(LeadStatus.ENRICHED, ever_enriched=True),
        Facts(email=address, first_name="Grace", last_name="Hopper", company="Acme", country="FR"),
        due_at,
        due_at,
        verdict=Verdict.VALID,
        score=0.5,
        enriched_at=due_at,
        next_action=Action.OUTREACH,
        next_action_at=due_at,
    )


async def _read(path: Path) -> Books:
    clock = SystemClock()
    async with SqliteStore.open(path, clock, journal=MemoryJournal()) as store:
        return await store.read(lambda tx: read_books(tx, clock.now()))

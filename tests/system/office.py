"""Our side of a mail site: a real daemon's installation with one mailbox, its campaign, and its books at the end."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import anyio

from camd.domain.campaign import Autonomy, AutonomyMode, CampaignStatus, Definition, StatusChange, StatusReason, Step
from camd.domain.contact import parse_address
from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.lead import Action, Lead, LeadState, LeadStatus
from camd.domain.send_window import Window
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.ports.records import Inbound, InboundFilter, LedgerRow, Listing, Touch
from camd.ports.store import Tx
from camd.sim import invariants
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock
from tests.system.dovecot_server import PASSWORD
from tests.system.mail_site import OPERATOR, SENDER, MailSite
from tests.system.people import Person
from tests.system.postfix_server import ADDRESS, free_port

T = TypeVar("T")
R = TypeVar("R", Lead, Touch)

BASE_URL = "https://camd.us.example"
WAIT_DAYS = Decimal("0.0001")
"""Before each follow-up: 8.64 s."""
CONNECTIONS = 2
CAMPAIGN = CampaignId(1)
_EVERYTHING = 100_000
_TOUCH_INSTANTS = ("due_at", "ready_at", "intent_at", "on_wire_at", "sent_at", "settled_at")
_ALWAYS = Window(frozenset(range(7)), 0, 1440, holidays=False)
_STEPS = (
    Step(1, "A question for {{ company }}", "Hello {{ first_name }},\n\nhow do people find you?\n\nThis is mail 1.\n"),
    Step(2, "", "Hello {{ first_name }},\n\nhave you seen my question?\n\nThis is mail 2.\n", wait_days=WAIT_DAYS),
    Step(3, "", "Hello {{ first_name }},\n\nI will not ask again.\n\nThis is mail 3.\n", wait_days=WAIT_DAYS),
)


@dataclass(frozen=True, slots=True)
class Account:
    """All that is known of one person at the end; `refused` is why they are suppressed."""

    lead: Lead
    touches: tuple[Touch, ...]
    inbound: tuple[Inbound, ...]
    ledger: tuple[LedgerRow, ...]
    refused: SuppressionReason | None


@dataclass(frozen=True, slots=True)
class Books:
    """By address; `broken` are the laws that do not hold."""

    accounts: Mapping[str, Account]
    inbound: tuple[Inbound, ...]
    broken: tuple[str, ...]
    paused_for: StatusReason | None


@dataclass(frozen=True, slots=True)
class Office:
    folder: Path
    site: MailSite
    public_port: int

    @classmethod
    def at(cls, site: MailSite, folder: Path, extra: str = "") -> "Office":
        """With its settings written; `extra` are more lines of the mailbox."""
        office = cls(folder, site, free_port())
        office._configure(extra)
        return office

    @property
    def environ(self) -> dict[str, str]:
        """What the daemon needs to trust both servers, as an operator does whose servers have their own authority."""
        return {"SSL_CERT_FILE": str(self.folder / "authorities.pem")}

    def public(self, link: str) -> str:
        """Where that page of the mails is on this machine."""
        assert link.startswith(f"{BASE_URL}/u/"), link
        return link.replace(BASE_URL, f"http://{ADDRESS}:{self.public_port}")

    def _configure(self, extra: str) -> None:
        servers = (self.site.postfix.certificate, self.site.dovecot.certificate)
        (self.folder / "authorities.pem").write_text("".join(file.read_text() for file in servers))
        (self.folder / "camd.toml").write_text(
            f"""
[engine]
dry_run = false

[sender]
name = "Ann"
company = "Us"
postal_address = "1 High Street"

[limits]
person_gap_hours = 0
company_new_per_day = 9
company_daily = 9

[public]
enabled = true
port = {self.public_port}
base_url = "{BASE_URL}"

[notify]
email = ["{OPERATOR}"]
mailbox = "sales"

[mailboxes.sales]
address = "{SENDER}"
from_name = "Ann"
smtp_host = "{ADDRESS}"
smtp_port = {self.site.postfix.port}
imap_host = "{ADDRESS}"
imap_port = {self.site.dovecot.port}
username = "sales"
password = "{PASSWORD}"
daily_limit = 10000
ramp = false
min_gap_seconds = 0
jitter_seconds = 0
max_connections = {CONNECTIONS}
{extra}
"""
        )

    def prepare(self, people: Sequence[Person], steps: int = len(_STEPS)) -> None:
        """An active campaign in which everybody is due, in a database that no daemon has opened yet."""
        now = SystemClock().now()
        definition = Definition(
            "Q1",
            daily_email_limit=500,
            steps=_STEPS[:steps],
            window=_ALWAYS,
            dry_run=False,
            first_touch_spread_hours=0,
            autonomy=Autonomy(AutonomyMode.FULL, 0),
        )

        def unit(tx: Tx) -> None:
            tx.campaigns.add(definition, StatusChange(CampaignStatus.ACTIVE, None, "engine", now))
            for place, person in enumerate(people):
                due_at = now + timedelta(microseconds=place)
                assert tx.leads.insert(
                    Lead(
                        LeadId(f"ld_{place:04}"),
                        CAMPAIGN,
                        f"address:{person.address}",
                        LeadState(LeadStatus.ENRICHED, ever_enriched=True),
                        Facts(email=person.address, first_name=person.name, company=person.name, country="FR"),
                        due_at,
                        due_at,
                        verdict=Verdict.VALID,
                        score=person.score,
                        enriched_at=due_at,
                        next_action=Action.OUTREACH,
                        next_action_at=due_at,
                    )
                )

        self._with_store(unit)

    def park(self) -> None:
        """As the supervisor does after the sixth crash; no daemon may run."""

        def unit(tx: Tx) -> None:
            campaign = tx.campaigns.get(CAMPAIGN)
            assert campaign
            parked = StatusChange(CampaignStatus.PAUSED, StatusReason.PARKED, "engine", SystemClock().now())
            tx.campaigns.save(replace(campaign, status=parked))

        self._with_store(unit)

    def age(self, by: timedelta) -> None:
        """As if all mails had been sent so much earlier: at the next start follow-ups are due. No daemon may run."""

        def unit(tx: Tx) -> None:
            for lead in invariants.leads(tx, CAMPAIGN):
                for touch in tx.touches.of_lead(lead.id):
                    tx.touches.save(touch, _earlier(touch, by, _TOUCH_INSTANTS))
                tx.leads.save(lead, _earlier(lead, by, ("next_action_at",)))
            tx.campaigns.sleep_until(CAMPAIGN, SystemClock().now())

        self._with_store(unit)

    def has_written_to_all(self, steps: int) -> bool:
        """Whether everybody got every step or is to get no more, and Postfix told of all these mails."""
        waiting = self._ask(
            "SELECT id FROM leads WHERE status IN ('enriched', 'contacted')"
            " AND id NOT IN (SELECT lead_id FROM lead_holds)"
            f" AND id NOT IN (SELECT lead_id FROM touches WHERE step = {steps} AND status = 'sent')"
        )
        sent = self._ask("SELECT message_id FROM touches WHERE status = 'sent'")
        return not waiting and sent <= self.site.taken

    def heard(self) -> int:
        """How many messages that others sent are in the books."""
        return len(self._ask("SELECT id FROM inbound WHERE kind != 'own_copy'"))

    def _ask(self, query: str) -> set[str]:
        """Of the database beside a daemon."""
        with closing(sqlite3.connect(f"file:{self.folder / 'camd.db'}?mode=ro", uri=True)) as raw:
            return {str(value) for (value,) in raw.execute(query)}

    def books(self, people: Sequence[Person]) -> Books:
        """No daemon may run."""
        return self._with_store(lambda tx: _books(tx, people))

    def _with_store(self, unit: Callable[[Tx], T]) -> T:
        async def run() -> T:
            async with SqliteStore.open(self.folder / "camd.db", SystemClock(), journal=MemoryJournal()) as store:
                return await store.write(unit)

        return anyio.run(run)


def _earlier(row: R, by: timedelta, names: Sequence[str]) -> R:
    instants = {name: getattr(row, name) for name in names}
    return replace(row, **{name: at - by for name, at in instants.items() if at is not None})


def _books(tx: Tx, people: Sequence[Person]) -> Books:
    everything = tuple(tx.inbox.page(Listing(_EVERYTHING), InboundFilter()))
    ledger = invariants.ledger(tx)
    found = {lead.facts.email: lead for lead in invariants.leads(tx, CAMPAIGN)}
    accounts = {}
    for person in people:
        lead = found[person.address]
        hashed = keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, parse_address(person.address).key)
        refused = tx.suppressions.covering([hashed])
        accounts[person.address] = Account(
            lead,
            tuple(sorted(tx.touches.of_lead(lead.id), key=lambda touch: touch.step)),
            tuple(row for row in everything if row.lead_id == lead.id),
            tuple(row for row in ledger if row.event.lead_id == lead.id),
            refused.reason if refused else None,
        )
    [campaign] = invariants.campaigns(tx)
    broken = invariants.broken(tx, SystemClock().now(), {})
    return Books(accounts, everything, tuple(broken), campaign.status.reason)

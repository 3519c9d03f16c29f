"""Every command with arguments for one prepared installation, in an order in which all of them can be run."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import anyio

from camd.domain.campaign import CampaignStatus, Channel, Definition, StatusChange, Step
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId, Facts, ImportId, InboundId, LeadId, SuppressionId, TouchId, Verdict
from camd.domain.inbound import InboundClass
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.domain.webhooks import DeliveryStatus
from camd.ports.records import Import, Inbound, MatchedBy, Suppression, Touch, TouchStatus
from camd.ports.store import Tx
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = datetime(2099, 3, 2, 9, tzinfo=UTC)
Q1 = CampaignId(1)
LEADS = 12
FILE = "people.csv"
DEFINITION = "q4.toml"

CONFIG = """
[database]
url = "sqlite:///{folder}/camd.db"

[server]
port = 0
socket = "{folder}/api.sock"

[notify]
email = ["ann@us.example"]

[mailboxes.sales]
address = "sales@us.example"
smtp_host = "127.0.0.1"
smtp_port = 1
smtp_security = "none"

[webhooks.crm]
url = "http://127.0.0.1:1/hook"
"""


def _id(kind: str, number: int) -> str:
    return f"{kind}_{number:026}"


def lead(number: int) -> str:
    return _id("ld", number)


@dataclass(frozen=True, slots=True)
class Line:
    """`reads` is the path of the API that answers the same JSON. An exit code other than 0 is what it says, too."""

    words: str
    reads: str | None = None
    code: int = 0


LINES = (
    Line("check-config"),
    Line("status", "/status"),
    Line("campaigns list", "/campaigns"),
    Line("campaigns list --status draft --limit 1", "/campaigns?status=draft&limit=1"),
    Line("campaigns show Q1", "/campaigns/Q1"),
    Line("campaigns preview Q1", "/campaigns/Q1/preview"),
    Line("campaigns preflight Q1", "/campaigns/Q1/preflight", code=1),
    Line("campaigns report Q1", "/campaigns/Q1/report?format=json"),
    Line("leads list Q1", "/campaigns/Q1/leads"),
    Line("leads list Q1 --status enriched --limit 2", "/campaigns/Q1/leads?status=enriched&limit=2"),
    Line(f"leads show {lead(1)}", f"/leads/{lead(1)}"),
    Line(f"leads why {lead(1)}", f"/leads/{lead(1)}/why"),
    Line("imports list", "/imports"),
    Line("touches list", "/touches"),
    Line("touches list --status unknown", "/touches?status=unknown"),
    Line(f"touches show {_id('to', 1)}", f"/touches/{_id('to', 1)}"),
    Line("inbox list --waiting", "/inbound?waiting=true"),
    Line(f"inbox show {_id('ib', 1)}", f"/inbound/{_id('ib', 1)}"),
    Line("suppressions list", "/suppressions"),
    Line("suppressions list --search gone@", "/suppressions?search=gone@"),
    Line("mailboxes list", "/mailboxes"),
    Line("webhooks list", "/webhooks"),
    Line("webhooks list --status dead", "/webhooks/deliveries?status=dead"),
    Line("tokens list", "/tokens"),
    Line("recover status", "/recovery"),
    Line("gate status", "/gate"),
    Line("events --limit 5", "/events?limit=5"),
    Line("events --newest --limit 2", "/events?newest=true&limit=2"),
    Line("people show p1@c1.example"),
    Line("people export p1@c1.example"),
    Line("leads export Q1"),
    Line(f"leads export {lead(1)}"),
    Line("backup copy.db"),
    Line("run-cycle --campaign-id Empty"),
    Line("run-all"),
    Line("mailboxes test sales", code=1),
    Line("mailboxes disable sales --reason x"),
    Line("mailboxes enable sales"),
    Line("webhooks test crm", code=1),
    Line("webhooks replay 1", code=1),
    Line("gate open"),
    Line("kill-switch on --reason x"),
    Line("kill-switch off"),
    Line("recover hold"),
    Line("recover release --yes"),
    Line("campaigns create --name Q3 --target-clients 5"),
    Line(f"campaigns apply {DEFINITION}"),
    Line("campaigns update Q3 --service-key seo"),
    Line("campaigns activate Q3"),
    Line("campaigns pause Q3"),
    Line("campaigns resume Q3"),
    Line("campaigns live Q1 --yes", code=1),
    Line("campaigns dry Q1"),
    Line("campaigns test-send Q1", code=1),
    Line("campaigns archive Q3"),
    Line("leads add Q1 --email new@firm.example --first-name New"),
    Line(f"leads import Q1 {FILE} --dry-run"),
    Line(f"leads import Q1 {FILE}"),
    Line(f"leads qualify {lead(2)} --note x"),
    Line(f"leads won {lead(2)} --mrr 10.50"),
    Line(f"leads lost {lead(3)} --reason no_reply"),
    Line(f"leads reopen {lead(3)}"),
    Line(f"leads hold {lead(4)} --reason x"),
    Line(f"leads release {lead(4)}"),
    Line(f"leads erase {lead(5)} --yes"),
    Line(f"imports undo {_id('im', 1)}"),
    Line(f"touches approve {_id('to', 1)}"),
    Line(f"touches cancel {_id('to', 1)} --reason x"),
    Line(f"touches resolve {_id('to', 3)} --sent"),
    Line(f"touches done {_id('to', 4)}"),
    Line(f"touches skip {_id('to', 5)}"),
    Line(f"inbox classify {_id('ib', 1)} auto_reply --note x"),
    Line("suppressions add other.example --note x"),
    Line(f"suppressions remove {_id('su', 1)}"),
    Line(f"suppressions import {FILE}"),
    Line("people suppress p7@c7.example --reason objected"),
    Line("people erase p8@c8.example --yes"),
    Line("people erase never@seen.example --yes"),
    Line("tokens create ci --scope read"),
    Line("tokens revoke 1"),
)

WITHOUT_A_LINE: Mapping[str, str] = {
    "run": "it is the daemon",
    "demo": "it is a daemon of its own",
    "init": "it asks, and writes files of its own",
    "doctor": "it looks at this very machine and asks its name servers",
    "ui": "it is the console, a program of its own",
    "migrate": "it needs the database for itself: 75 beside a daemon",
    "restore": "it needs the database for itself: 75 beside a daemon",
}


def prepare(folder: Path) -> None:
    """An installation in which every line finds what it names; no daemon has opened it yet."""
    (folder / "camd.toml").write_text(CONFIG.format(folder=folder))
    (folder / FILE).write_text("Email,First Name\nann@firm.example,Ann\nbroken@,Bo\n")
    (folder / DEFINITION).write_text('name = "Q4"\ntarget_clients = 3\n')
    anyio.run(_fill, folder / "camd.db")


async def _fill(database: Path) -> None:
    async with SqliteStore.open(database, SystemClock(), journal=MemoryJournal(), instance_key=b"k" * 32) as store:
        await store.write(_written)


def _written(tx: Tx) -> None:
    draft = StatusChange(CampaignStatus.DRAFT, None, "os:ann", AT)
    steps = (Step(1, "For {{ company }}", "Hello {{ first_name }}"),)
    tx.campaigns.add(Definition("Q1", mailboxes=("sales",), steps=steps), draft)
    tx.campaigns.add(Definition("Empty"), draft)
    imported = Import(ImportId(_id("im", 1)), Q1, "old.csv", 1, {"added": 1}, AT, "os:ann", finished_at=AT)
    tx.imports.add(imported)
    for number in range(1, LEADS + 1):
        assert tx.leads.insert(_lead(number, imported.id if number == LEADS else None))
    _add_touches(tx)
    for number in (1, 2):
        assert tx.inbox.add(_message(number))
    address = SuppressionKind.ADDRESS
    gone = keyed_hash(tx.instance.key(), address, "gone@firm.example")
    reason = SuppressionReason.OPERATOR
    tx.suppressions.add(
        Suppression(SuppressionId(_id("su", 1)), address, gone, "gone@firm.example", reason, "x", AT, "os:ann")
    )
    tx.ledger.append(Event(EventType.CAMPAIGN_PAUSED, AT, "os:ann", Q1, data={"from": "active", "reason": "operator"}))
    # A delivery is forgotten a month after its end.
    now = SystemClock().now()
    tx.webhooks.add("crm", 1, "evt_1", now)
    delivery = tx.webhooks.oldest("crm")
    assert delivery is not None
    tx.webhooks.save(delivery, replace(delivery, status=DeliveryStatus.DEAD, settled_at=now, reason="expired"))


def _lead(number: int, import_id: ImportId | None) -> Lead:
    email = f"p{number}@c{number}.example"
    facts = Facts(email=email, first_name=f"P{number}", company=f"C{number}", source="csv", source_ref=f"row {number}")
    state = LeadState(LeadStatus.ENRICHED, ever_enriched=True)
    return Lead(
        LeadId(lead(number)),
        Q1,
        f"address:{email}",
        state,
        facts,
        AT,
        AT,
        verdict=Verdict.VALID,
        score=0.5,
        enriched_at=AT,
        import_id=import_id,
    )


def _add_touches(tx: Tx) -> None:
    statuses = (TouchStatus.PLANNED, TouchStatus.SENT, TouchStatus.UNKNOWN, TouchStatus.PLANNED, TouchStatus.PLANNED)
    for number, status in enumerate(statuses, 1):
        is_task = number > 3
        touch = Touch(
            TouchId(_id("to", number)),
            Q1,
            LeadId(lead(number + 5)),
            1,
            Channel.TASK if is_task else Channel.EMAIL,
            status,
            LATER,
            None if is_task else "sales",
            "For you",
            "Hello",
            message_id=f"<{number}@us.example>",
            on_wire_at=AT if status in (TouchStatus.SENT, TouchStatus.UNKNOWN) else None,
        )
        assert tx.touches.insert(touch)


def _message(number: int) -> Inbound:
    return Inbound(
        InboundId(_id("ib", number)),
        "sales",
        f"{number:064}",
        InboundClass.HUMAN_NEUTRAL,
        "no rule decided",
        True,
        AT,
        AT,
        "engine",
        Q1,
        LeadId(lead(number + 8)),
        matched_by=MatchedBy.SENDER,
        sender=f"p{number + 8}@c{number + 8}.example",
        subject="Re: For you",
        text="Hm.",
    )

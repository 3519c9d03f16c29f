"""The instance at a glance: readiness, gate, recovery, kill switch, and what waits for a person."""

from enum import StrEnum

from pydantic import Field

from camd.domain.campaign import CampaignStatus
from camd.domain.lead import LeadStatus
from camd.schema.values import Body, Instant, Note, Number, View


class Gate(View):
    """The send gate; while it is closed nothing is sent."""

    open: bool
    reason: str | None = None
    since: Instant | None = None


class Recovery(View):
    """The hold after a restore or a clone; while it stands nothing is sent."""

    hold: bool = False
    reason: str | None = None
    since: Instant | None = None
    figures: dict[str, int] = Field(default_factory=dict)


class KillSwitchBody(Body):
    on: bool
    reason: Note | None = None


class KillSwitch(View):
    on: bool
    reason: str | None = None
    since: Instant | None = None
    by: str | None = None


class MailboxStatus(StrEnum):
    """`disabled` waits for a person, `stopped` ends by itself."""

    USABLE = "usable"
    DISABLED = "disabled"
    STOPPED = "stopped"


class InboxStatus(StrEnum):
    """`deaf`: it was not read to its end within 15 minutes, so follow-ups wait; `none`: the mailbox has no inbox."""

    NONE = "none"
    HEARING = "hearing"
    DEAF = "deaf"


class MailboxState(View):
    """`detail` says how a mailbox that may not send is mended, `inbox_detail` the same of an inbox that cannot be read.
    `used_today` counts its local day against `limit_today`, which is below `daily_limit` while it is in its ramp, as is
    `limit_tomorrow`; `queued` are the mails that are planned, approved or put off there.
    `last_heard_at` is when its inbox was last read to its end, null before the first time since camd started."""

    name: str
    address: str
    status: MailboxStatus
    reason: str | None
    detail: str | None
    since: Instant | None
    until: Instant | None
    daily_limit: int
    limit_today: int
    limit_tomorrow: int
    used_today: int
    queued: int
    inbox: InboxStatus = InboxStatus.NONE
    last_heard_at: Instant | None = None
    inbox_detail: str | None = None


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    LIST = "list"
    TABLE = "table"


class SourceField(View):
    """A field that a `[[sources]]` entry of the provider takes; `about` says what it is for, in a line."""

    name: str
    kind: FieldKind
    required: bool
    about: str


class ProviderState(View):
    """`roles`: what the provider does here, `source`, `verifier` (for nothing), `match`, `find` or `verify` (for
    credits, and only while it is configured). `credits_today` counts what is reserved too; none where nothing costs.
    `source_fields` are what it takes as a source."""

    name: str
    roles: list[str]
    rests_until: Instant | None = None
    problem: str | None = None
    credits_today: Number | None = None
    credits_per_day: Number | None = None
    source_fields: list[SourceField] = Field(default_factory=list)


class Machine(View):
    """What the process knows of the machine under it; none was not measured yet. `lag_seconds` is how late the event
    loop woke at worst lately, `store_seconds` how long the last commit of nothing took; `waits_for_restart` are keys of
    the configuration that were changed and are not in force."""

    lag_seconds: float = 0.0
    store_seconds: float | None = None
    disk_free_bytes: int | None = None
    database_bytes: int = 0
    wal_bytes: int = 0
    last_backup_at: Instant | None = None
    backup_failure: str | None = None
    waits_for_restart: list[str] = Field(default_factory=list)


class Waiting(View):
    """What waits for a person."""

    approvals: int = 0
    inbox: int = 0
    unknown: int = 0


class Status(View):
    version: str
    started_at: Instant
    dry_run: bool
    ready: bool
    gate: Gate
    recovery: Recovery
    kill_switch: KillSwitch
    campaigns: dict[CampaignStatus, int]
    leads: dict[LeadStatus, int]
    mailboxes: list[MailboxState]
    providers: list[ProviderState]
    waiting: Waiting
    machine: Machine = Field(default_factory=Machine)
    overdue_replanned: int = 0

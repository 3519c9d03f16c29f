"""A campaign in figures: where its leads stand, how well it does and what it may still do today, and its days."""

from datetime import date
from enum import StrEnum

from camd.domain.campaign import CampaignStatus
from camd.domain.goals import Target
from camd.domain.lead import HoldReason, LeadStatus
from camd.domain.token_bucket import QuotaScope
from camd.schema.values import Instant, Number, View

MAX_DAYS = 366
DEFAULT_DAYS = 30


class ReportFormat(StrEnum):
    MD = "md"
    CSV = "csv"
    JSON = "json"


class Funnel(View):
    """Leads, each stage a part of the one before but for `qualified` and `won`, which an operator may set at any time.
    `contacted` were ever handed a touch, `replied` are those of them who ever answered (who only asked for no more mail
    did not), `qualified` are qualified or won now."""

    leads: int
    contacted: int
    replied: int
    qualified: int
    won: int


class Rate(View):
    """`value` is the fraction `count` / `of`, 0 where `of` is 0."""

    value: float
    count: int
    of: int


class Rates(View):
    """`reply`, `conversion` (qualified or won now), `loss` (as the pause rule counts it) and `opt_out` are of the
    contacted leads; `bounce` and `complaint` are of the mails of the last 28 days."""

    reply: Rate
    conversion: Rate
    loss: Rate
    opt_out: Rate
    bounce: Rate
    complaint: Rate


class Goal(View):
    """One target that is set; `progress` is at most 1."""

    target: Target
    achieved: Number
    wanted: Number
    progress: float


class QuotaUse(View):
    """`key` is the mailbox or the provider that the quota is of; `used` may be above a `limit` that was lowered."""

    scope: QuotaScope
    key: str | None
    used: Number
    limit: Number


class CampaignMetrics(View):
    """Figures of this instant. `won_mrr` is what the won leads bring a month, in `currency`; `quotas` are those of the
    local day that binds each of them."""

    campaign_id: int
    name: str
    status: CampaignStatus
    dry_run: bool
    at: Instant
    currency: str
    leads: dict[LeadStatus, int]
    holds: dict[HoldReason, int]
    funnel: Funnel
    rates: Rates
    won_mrr: Number
    goal_progress: float | None
    goals: list[Goal]
    quotas: list[QuotaUse]


class Day(View):
    """What happened on one local day of the campaign. `answers` are messages that people wrote, also those that ask
    for no more mail; `sent`, `bounced` and `complaints` are mails; all others are leads that became so on that day, and
    tasks that were done."""

    day: date
    discovered: int
    contacted: int
    sent: int
    tasks_done: int
    answers: int
    bounced: int
    complaints: int
    opted_out: int
    qualified: int
    won: int
    lost: int


class CampaignSeries(View):
    """Every day up to today, oldest first. A day that was counted while the campaign had another zone stays one of that
    zone."""

    campaign_id: int
    timezone: str
    days: list[Day]


class ReportedWeek(View):
    """Seven days that begin on `first`."""

    first: date
    found: int
    contacted: int
    answers: int
    interested: int
    won: int


class CampaignReport(View):
    """One page for a client, in their words; no person stands in it. `weeks` are the last ones, oldest first."""

    campaign: str
    service: str | None
    day: date
    first_live: date | None
    currency: str
    found: int
    contacted: int
    replied: int
    interested: int
    won: int
    won_mrr: Number
    reply_rate: float
    goal_progress: float | None
    goals: list[Goal]
    weeks: list[ReportedWeek]

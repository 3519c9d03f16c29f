"""What is to come: why a campaign waits, in words, how many mails may still go out today, and what is planned."""

from datetime import date

from camd.schema.figures import Day
from camd.schema.values import Instant, View

OUTLOOK_DAYS = 14


class Wait(View):
    """One reason for which nothing is sent now, a word of `CycleReport.waiting_for`. `leads` is how many it holds back,
    1 for a reason of the whole campaign; `text` says it in words with figures."""

    reason: str
    leads: int
    text: str


class PlannedDay(View):
    """Mails that go on a day as far as they are planned: what is due, follow-ups first, up to the campaign's daily
    limit, the rest a day later. An answer, a hold or a mailbox's limit may still stop each."""

    day: date
    first: int
    follow_ups: int


class CampaignOutlook(View):
    """`left_today` is how many mails the limits of the campaign, its mailboxes and the instance still allow on the
    campaign's local day; `planned` is today and the 13 days after it."""

    campaign_id: int
    at: Instant
    timezone: str
    waits: list[Wait]
    left_today: int
    next_mail_at: Instant | None
    planned: list[PlannedDay]


class InstanceOutlook(View):
    """Of all campaigns that are active, each on its own local days."""

    at: Instant
    planned: list[PlannedDay]


class InstanceSeries(View):
    """Every day up to today, oldest first, all campaigns together, each on its own local days."""

    days: list[Day]

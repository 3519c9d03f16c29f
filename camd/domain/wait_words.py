"""Why a campaign waits, for a person: each reason a sentence with its figures, and with what ends it."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from camd.domain.campaign import CampaignStatus, StatusReason
from camd.domain.lead import HoldReason
from camd.domain.zones import zone_info

DRY_INSTANCE = "the whole instance is in dry run (camd.toml)"
DRY_CAMPAIGN = "the campaign is in dry run: it sends nothing before it goes live"
RECOVERY = "recovery hold after a restore or a copy: nothing is sent until a person releases it"

_STATUS: Mapping[CampaignStatus, str] = MappingProxyType(
    {
        CampaignStatus.DRAFT: "not started yet: activate it",
        CampaignStatus.ACTIVE: "active",
        CampaignStatus.PAUSED: "paused",
        CampaignStatus.COMPLETED: "completed: every lead has come to its end",
        CampaignStatus.ARCHIVED: "archived for good",
    }
)
_PAUSED: Mapping[StatusReason, str] = MappingProxyType(
    {
        StatusReason.OPERATOR: "paused by a person",
        StatusReason.GOAL_REACHED: "paused as the goal is reached",
        StatusReason.HIGH_LOSS_RATE: "paused as too many leads were lost",
        StatusReason.AGE_LIMIT: "paused as it ran for as many days as it may",
        StatusReason.BOUNCE_RATE: "paused as too many mails bounced",
        StatusReason.COMPLAINT_RATE: "paused as too many people complained",
        StatusReason.MISCONFIGURED: "paused as something in it has to be mended",
        StatusReason.PARKED: "paused as it crashed again and again",
    }
)
_HELD: Mapping[HoldReason, str] = MappingProxyType(
    {
        HoldReason.NEEDS_REVIEW: "held for a review: say in the inbox what their answers are, or mend the text",
        HoldReason.SEND_UNKNOWN: "held as nobody knows whether their mail arrived: resolve those mails",
        HoldReason.SEND_FAILED: "held as their mail could not be delivered: release them to try again",
        HoldReason.MISSING_VARIABLE: "held as a text needs a fact that is missing: add it, or give the text a default",
        HoldReason.COMPANY_REPLIED: "held as somebody at their company answered: release those to go on with",
        HoldReason.OUT_OF_OFFICE: "held as they are out of office, each until its day",
        HoldReason.SOFT_BOUNCES: "held as their mailboxes refused several mails for now: release them to try again",
        HoldReason.CONSENT_REQUIRED: "held as their country asks for consent: add it, or decide in camd.toml",
        HoldReason.OPERATOR_WROTE: "held as you wrote to them yourself: release those that camd shall go on with",
        HoldReason.POISON: "held as camd crashed at them: read the log, then release them",
        HoldReason.OPERATOR: "held by a person until they are released",
    }
)
_PUT_OFF: Mapping[str, str] = MappingProxyType(
    {
        "quota:company_new": "as enough new people of their company were written to today",
        "quota:company": "as their company had its mails for today",
        "quota:person": "as the same person was written to lately",
        "quota:provider_rate": "for their turn with a provider",
        "bounce_rate": "as too many of the last mails bounced",
        "text_changed": "as their text was changed: they are planned anew",
        "no_address": "for an address",
        "import": "for the end of their import",
    }
)


def counted(number: int, one: str) -> str:
    """Such as "1 mail" and "1,200 mails"."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {one}s"


def moment(at: datetime, zone: str) -> str:
    """Such as "Mon 24 Nov, 09:00 Europe/Vienna"."""
    local = at.astimezone(zone_info(zone))
    return f"{day(local.date())}, {local:%H:%M} {zone}"


def day(of: date) -> str:
    """Such as "Thu 26 Nov"."""
    return f"{of:%a} {of.day} {of:%b}"


def not_active(status: CampaignStatus, reason: StatusReason | None) -> str:
    why = _PAUSED.get(reason) if status is CampaignStatus.PAUSED and reason else None
    return why or _STATUS[status]


def stopped(what: str, reason: str | None) -> str:
    """Of what stops all sending, with a person's or the program's reason."""
    return f"{what}: {reason}" if reason else what


def held(reason: HoldReason, leads: int) -> str:
    is_one = leads == 1
    return f"{counted(leads, 'lead')} {'is' if is_one else 'are'} {_HELD[reason]}"


def approval(mails: int) -> str:
    return f"{counted(mails, 'mail')} {'waits' if mails == 1 else 'wait'} for your approval"


def provider(name: str, questions: int, rests_until: datetime | None, zone: str) -> str:
    asked = f"{counted(questions, 'question')} {'waits' if questions == 1 else 'wait'} for {name}"
    return f"{asked}, which rests until {moment(rests_until, zone)}" if rests_until else asked


def credits_used_up(questions: int) -> str:
    return f"{counted(questions, 'question')} {'waits' if questions == 1 else 'wait'} for tomorrow's credits"


def window(until: datetime, zone: str) -> str:
    return f"outside the sending window until {moment(until, zone)}"


def campaign_limit(limit: int, follow_ups: int, next_day: date | None) -> str:
    """`next_day` is the first on which planned follow-ups leave room for a new lead."""
    took = f"follow-ups took today's {limit}" if follow_ups >= limit else f"today's {limit} mails went out"
    if 0 < follow_ups < limit:
        took += f", {follow_ups} of them follow-ups"
    return f"{took}, next new lead {day(next_day)}" if next_day else f"{took}, follow-ups take the days to come"


def mailbox_limit(name: str, used: int, limit: int, tomorrow: int, *, is_in_ramp: bool) -> str:
    ramp = " in ramp" if is_in_ramp else ""
    return f"mailbox {name}{ramp}: {used} of {limit} sent today, {tomorrow} tomorrow"


def mailbox_unusable(name: str, detail: str | None) -> str:
    return stopped(f"mailbox {name} does not send", detail)


def mailbox_pace(mails: int) -> str:
    return f"{counted(mails, 'mail')} {'goes' if mails == 1 else 'go'} out at the mailboxes' pace, one after the other"


def instance_limit(used: int, limit: int) -> str:
    return f"all campaigns together sent {used} of {limit} mails today"


def deferred(mails: int, next_at: datetime | None, zone: str) -> str:
    put_off = f"{counted(mails, 'mail')} {'was' if mails == 1 else 'were'} put off by the receivers' servers"
    return (
        f"{put_off} and {'is' if mails == 1 else 'are'} tried again from {moment(next_at, zone)}"
        if next_at
        else put_off
    )


def other(reason: str, number: int, noun: str) -> str:
    """Of mails or leads."""
    why = _PUT_OFF.get(reason) or f"({reason.replace('_', ' ').replace(':', ' ')})"
    return f"{counted(number, noun)} {'waits' if number == 1 else 'wait'} {why}"


def nothing_due(next_at: datetime | None, zone: str) -> str:
    return f"nothing is due before {moment(next_at, zone)}" if next_at else "nothing is due and nothing is planned"

"""What the console says: figures with units, instants with zones, and texts of strangers that stay plain text."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from camd.domain.campaign import CampaignStatus, StatusReason
from camd.schema.figures import Rate

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$&^=])")
# GitHub's markdown makes links of these also where they are escaped; a word joiner in them is not seen.
_LINKED = re.compile(r"(?i)(?<=http)(?=s?://)|(?<=www)(?=\.)|(?<=@)")
_JOINER = "\u2060"

STATUS = {
    CampaignStatus.DRAFT: "draft, not started",
    CampaignStatus.ACTIVE: "active",
    CampaignStatus.PAUSED: "paused",
    CampaignStatus.COMPLETED: "completed",
    CampaignStatus.ARCHIVED: "archived",
}
REASON = {
    StatusReason.OPERATOR: "by a person",
    StatusReason.GOAL_REACHED: "the goal is reached",
    StatusReason.HIGH_LOSS_RATE: "too many leads were lost",
    StatusReason.AGE_LIMIT: "it ran for as many days as it may",
    StatusReason.BOUNCE_RATE: "too many mails bounced",
    StatusReason.COMPLAINT_RATE: "too many people complained",
    StatusReason.MISCONFIGURED: "something in it must be mended",
    StatusReason.PARKED: "it crashed again and again",
    StatusReason.ALL_FINISHED: "every lead is finished",
}


def plain(text: str) -> str:
    """Text for a label or markdown, every sign that markdown would read taken literally: what a stranger wrote must
    not become a link, or a picture that the browser fetches from the stranger's server."""
    return _MARKDOWN.sub(r"\\\1", _LINKED.sub(_JOINER, " ".join(text.split())))


def standing(status: CampaignStatus, reason: StatusReason | None) -> str:
    """Such as "paused: the goal is reached"."""
    return STATUS[status] + (f": {REASON[reason]}" if reason else "")


def mode(*, dry_run: bool) -> str:
    return "dry run" if dry_run else "live"


def count(number: int, one: str, many: str | None = None) -> str:
    """Such as "1 lead", "1,200 leads"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def money(amount: Decimal | float, currency: str) -> str:
    whole = Decimal(str(amount))
    digits = 0 if whole == whole.to_integral_value() else 2
    return f"{whole:,.{digits}f} {currency}"


def number(amount: Decimal | float) -> str:
    return f"{Decimal(str(amount)).normalize():,f}"


def percent(fraction: float) -> str:
    """Such as "4.2 %"; one that is not 0 never looks like it."""
    shown = f"{fraction * 100:.1f}"
    return "under 0.1 %" if fraction > 0 and shown == "0.0" else f"{shown.removesuffix('.0')} %"


def rate(measured: Rate, of: str) -> str:
    """Such as "4.2 % (3 of 71 contacted)"; nothing is known of none."""
    if not measured.of:
        return f"none {of} yet"
    return f"{percent(measured.value)} ({measured.count:,} of {measured.of:,} {of})"


def moment(at: datetime | None, zone: str = "UTC") -> str:
    """Such as "Tue 24 Nov 2026, 09:00 Europe/Vienna"."""
    return "never" if at is None else f"{at.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M} {zone}"


def clock(at: datetime, zone: str = "UTC") -> str:
    """The time of day with seconds, for what happens now."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def day(of: date) -> str:
    return f"{of:%a %-d %b}"


def listed(items: Iterable[str], none: str = "none") -> str:
    return ", ".join(items) or none


def told(word: str) -> str:
    """A word of the engine as people write it: "lead.opted_out" is "lead opted out"."""
    return word.replace(".", " ").replace("_", " ").replace(":", " ")

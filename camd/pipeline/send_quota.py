"""The quotas that one mail needs, in their order, counted from the ledger of debits."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from camd.domain.campaign import Campaign
from camd.domain.contact import company_of, parse_address
from camd.domain.lead import Lead
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import (
    Allowed,
    LocalDay,
    NotBefore,
    QuotaScope,
    RateBucket,
    Rolling,
    Taken,
    VolumeCap,
)
from camd.ports.records import Touch, TouchStatus
from camd.ports.settings import MailboxSettings, Settings
from camd.ports.store import Tx

Verdict = Allowed | Taken | NotBefore

_HANDED_OVER = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN})


def verdicts(
    tx: Tx,
    settings: Settings,
    campaign: Campaign,
    lead: Lead,
    mailbox: MailboxSettings,
    touches: Sequence[Touch],
    now: datetime,
) -> Iterator[tuple[QuotaScope, Verdict]]:
    """What each quota says of one more mail to `lead` through `mailbox` at `now`. Debits nothing."""
    for key, cap in _caps(tx.instance.key(), settings, campaign, lead, mailbox, touches):
        debits = tx.quotas.used_since(cap.scope, key, cap.window.since(now))
        yield cap.scope, cap.check(sum(amount for _, amount in debits), now, debits=debits)
        if cap.scope is QuotaScope.MAILBOX_24H:
            pace = RateBucket(1, timedelta(seconds=mailbox.min_gap_seconds))
            name = f"{QuotaScope.MAILBOX_PACE}:{mailbox.name}"
            yield QuotaScope.MAILBOX_PACE, pace.take(tx.quotas.bucket(name), now)


def _caps(
    instance_key: bytes,
    settings: Settings,
    campaign: Campaign,
    lead: Lead,
    mailbox: MailboxSettings,
    touches: Sequence[Touch],
) -> Iterator[tuple[str, VolumeCap]]:
    definition, limits = campaign.definition, settings.limits
    instance_day = LocalDay(settings.engine.timezone)
    yield (
        str(campaign.id),
        VolumeCap(QuotaScope.CAMPAIGN, definition.daily_email_limit, LocalDay(definition.timezone)),
    )
    volume = mailbox.daily_limit
    yield mailbox.name, VolumeCap(QuotaScope.MAILBOX_DAY, volume, LocalDay(mailbox.timezone))
    yield mailbox.name, VolumeCap(QuotaScope.MAILBOX_24H, volume, Rolling(timedelta(hours=24)))
    address = parse_address(lead.facts.email) if lead.facts.email else None
    if company := company_of(address, lead.facts.domain):
        if not any(touch.status in _HANDED_OVER for touch in touches):
            yield company, VolumeCap(QuotaScope.COMPANY_NEW, limits.company_new_per_day, instance_day)
        yield company, VolumeCap(QuotaScope.COMPANY, limits.company_daily, instance_day)
    if address:
        gap = Rolling(timedelta(hours=limits.person_gap_hours))
        person = keyed_hash(instance_key, SuppressionKind.ADDRESS, address.key)
        yield person, VolumeCap(QuotaScope.PERSON, 1, gap)
    if limits.instance_daily:
        yield "instance", VolumeCap(QuotaScope.INSTANCE, limits.instance_daily, instance_day)

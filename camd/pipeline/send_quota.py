"""The quotas that one mail needs, in their order, counted from the ledger of debits.

A count that cannot be read denies: its error undoes the unit that asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from camd.domain.campaign import Campaign
from camd.domain.contact import company_of, parse_address
from camd.domain.lead import Lead
from camd.domain.send_window import jitter, local_day
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import (
    Allowed,
    CapWindow,
    LocalDay,
    NotBefore,
    QuotaScope,
    RateBucket,
    Rolling,
    Taken,
    VolumeCap,
    closing,
    day_windows,
    ramp_limit,
)
from camd.pipeline import debits
from camd.ports.records import Debit, Debits, MailboxState, ZoneChange
from camd.ports.settings import MailboxSettings, Settings
from camd.ports.store import Tx

_ENGINE = "engine"
_ONE_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that wants to go: through which mailbox, to whom, as which step."""

    campaign: Campaign
    lead: Lead
    step: int
    follow_up: bool
    mailbox: MailboxSettings
    state: MailboxState


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap and the debit that it counts; the two windows of a mailbox's volume count the same one."""

    cap: VolumeCap
    debit: Debit


@dataclass(frozen=True, slots=True)
class Overrun:
    """A cap whose window holds more debits than its limit."""

    scope: QuotaScope
    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Granted:
    """Every bucket was debited. `overruns` are the caps over their limit right after that, counted anew: none, or a
    debit missed its cap."""

    debits: Debits
    overruns: Sequence[Overrun]


Need = Cap | RateBucket
Verdict = Allowed | Taken | NotBefore


class _Days:
    """The local days that count, each change of zone read once for one mail."""

    def __init__(self, tx: Tx, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self._known: dict[str, ZoneChange | None] = {}

    def caps(self, scope: QuotaScope, key: str, limit: int, zone: str) -> Iterator[tuple[QuotaScope, Need]]:
        """One cap for each local day that counts: two while a change of zone is not over."""
        debit = Debit(scope, key, zone)
        for window in self.windows(_zone_name(scope, key), zone):
            yield scope, Cap(VolumeCap(scope, limit, window), debit)

    def remember(self, name: str, zone: str) -> None:
        known = self._change(name)
        if known is None:
            self._tx.quotas.set_zone(name, ZoneChange(zone))
        elif known.zone != zone:
            self._tx.quotas.set_zone(name, ZoneChange(zone, _counted(known, self._now), self._now))

    def windows(self, name: str, zone: str) -> tuple[CapWindow, ...]:
        known, now = self._change(name), self._now
        if known is None:
            return (LocalDay(zone),)
        if known.zone != zone:
            return day_windows(_counted(known, now), zone, now, now)
        if known.before is None or known.changed_at is None:
            return (LocalDay(zone),)
        return day_windows(known.before, zone, known.changed_at, now)

    def _change(self, name: str) -> ZoneChange | None:
        if name not in self._known:
            self._known[name] = self._tx.quotas.zone(name)
        return self._known[name]


def _needs(tx: Tx, settings: Settings, mail: Mail, days: _Days, now: datetime) -> Iterator[tuple[QuotaScope, Need]]:
    """What the mail needs room in, in the order in which it is asked."""
    campaign, box, limits = mail.campaign, mail.mailbox, settings.limits
    definition = campaign.definition
    yield from days.caps(QuotaScope.CAMPAIGN, str(campaign.id), definition.daily_email_limit, definition.timezone)
    volume = volume_of(tx, box, local_day(now, box.timezone))
    yield from days.caps(QuotaScope.MAILBOX_DAY, box.name, volume, box.timezone)
    rolling = VolumeCap(QuotaScope.MAILBOX_24H, volume, Rolling(_ONE_DAY))
    yield rolling.scope, Cap(rolling, Debit(QuotaScope.MAILBOX_DAY, box.name, box.timezone))
    yield QuotaScope.MAILBOX_PACE, RateBucket(1, timedelta(seconds=box.min_gap_seconds / mail.state.rate))
    zone = settings.engine.timezone
    assert mail.lead.facts.email is not None, "the gate lets nobody without an address come here"
    address = parse_address(mail.lead.facts.email)
    if company := company_of(address, mail.lead.facts.domain):
        if not mail.follow_up:
            yield from days.caps(QuotaScope.COMPANY_NEW, company, limits.company_new_per_day, zone)
        yield from days.caps(QuotaScope.COMPANY, company, limits.company_daily, zone)
    if limits.person_gap_hours:
        person = keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, address.key)
        gap = VolumeCap(QuotaScope.PERSON, 1, Rolling(timedelta(hours=limits.person_gap_hours)))
        yield gap.scope, Cap(gap, Debit(gap.scope, person))
    if limits.instance_daily:
        yield from days.caps(QuotaScope.INSTANCE, _ENGINE, limits.instance_daily, zone)


def verdicts(tx: Tx, settings: Settings, mail: Mail, now: datetime) -> Iterator[tuple[QuotaScope, NotBefore | None]]:
    """What each quota says of the mail at `now`: not before an instant, or nothing against it. Debits nothing."""
    needs = list(_needs(tx, settings, mail, _Days(tx, now), now))
    for scope, verdict in _asked(tx, mail, needs, _windows(needs, now), now):
        yield scope, verdict if isinstance(verdict, NotBefore) else None


def take(tx: Tx, settings: Settings, mail: Mail, now: datetime) -> Granted | tuple[QuotaScope, NotBefore]:
    """Debits every bucket, or says which one denies; then nothing was debited."""
    days = _Days(tx, now)
    needs = list(_needs(tx, settings, mail, days, now))
    windows = _windows(needs, now)
    pace: Taken | None = None
    for scope, verdict in _asked(tx, mail, needs, windows, now):
        match verdict:
            case NotBefore() as denied:
                return scope, denied
            case Taken() as taken:
                pace = taken
            case _:
                pass
    assert pace is not None, "every mailbox has a pace"
    for name, zone in _zones(settings, mail):
        days.remember(name, zone)
    caps = dict.fromkeys(need.debit for _, need in needs if isinstance(need, Cap))
    debited = debits.take(tx, list(caps), mail.mailbox.name, pace, now)
    return Granted(debited, _overruns(needs, tx.quotas.used_of(windows)))


def _overruns(needs: Sequence[tuple[QuotaScope, Need]], used: Sequence[int]) -> Sequence[Overrun]:
    caps = [need.cap for _, need in needs if isinstance(need, Cap)]
    counted = zip(caps, used, strict=True)
    return [Overrun(cap.scope, cap.limit, amount) for cap, amount in counted if amount > cap.limit]


def volume_left(tx: Tx, box: MailboxSettings, now: datetime) -> int:
    """How many mails more its daily volume allows today."""
    day = LocalDay(box.timezone)
    used = tx.quotas.used(QuotaScope.MAILBOX_DAY, box.name, day.since(now))
    return volume_of(tx, box, day.day(now)) - used


def volume_of(tx: Tx, box: MailboxSettings, day: date) -> int:
    """How many mails the mailbox may send on that local day, by its clean days before it as far as they are known."""
    return ramp_limit(tx.deliveries.clean_days(box.name, day), box.daily_limit) if box.ramp else box.daily_limit


def used_by_instance(tx: Tx, settings: Settings, now: datetime) -> int:
    """The mails of the whole instance on the engine's local day."""
    since = min(window.since(now) for window in engine_days(tx, settings, now))
    return tx.quotas.used(QuotaScope.INSTANCE, _ENGINE, since)


def note_campaign_zone(tx: Tx, campaign: Campaign, now: datetime) -> None:
    """To be told when it may have changed: the days of both count from that instant on, not from the next mail."""
    _Days(tx, now).remember(_zone_name(QuotaScope.CAMPAIGN, str(campaign.id)), campaign.definition.timezone)


def note_zones(tx: Tx, settings: Settings, now: datetime) -> None:
    """The zones of the mailboxes and the instance; to be told when settings were read."""
    days = _Days(tx, now)
    for box in settings.mailboxes.values():
        days.remember(_zone_name(QuotaScope.MAILBOX_DAY, box.name), box.timezone)
    days.remember(_ENGINE, settings.engine.timezone)


def campaign_days(tx: Tx, campaign: Campaign, now: datetime) -> tuple[CapWindow, ...]:
    """The local days that count for the campaign: two while a change of its zone is not over."""
    name = _zone_name(QuotaScope.CAMPAIGN, str(campaign.id))
    return _Days(tx, now).windows(name, campaign.definition.timezone)


def engine_days(tx: Tx, settings: Settings, now: datetime) -> tuple[CapWindow, ...]:
    """Likewise for the whole instance."""
    return _Days(tx, now).windows(_ENGINE, settings.engine.timezone)


def _asked(
    tx: Tx,
    mail: Mail,
    needs: Sequence[tuple[QuotaScope, Need]],
    windows: Sequence[tuple[QuotaScope, str, datetime]],
    now: datetime,
) -> Iterator[tuple[QuotaScope, Verdict]]:
    """What each need says in its order; the caps were counted together, as if nothing were taken meanwhile."""
    used = iter(tx.quotas.used_of(windows))
    for scope, need in needs:
        yield scope, _room(tx, need, next(used), now) if isinstance(need, Cap) else _pace(tx, need, mail, now)


def _windows(needs: Iterable[tuple[QuotaScope, Need]], now: datetime) -> Sequence[tuple[QuotaScope, str, datetime]]:
    """What the caps among the needs count."""
    caps = (need for _, need in needs if isinstance(need, Cap))
    return [(cap.debit.scope, cap.debit.key, cap.cap.window.since(now)) for cap in caps]


def _pace(tx: Tx, need: RateBucket, mail: Mail, now: datetime) -> Taken | NotBefore:
    late = jitter(mail.campaign.id.to_bytes(8), mail.lead.id, mail.step, int(mail.mailbox.jitter_seconds))
    bucket = tx.quotas.bucket(debits.pace_bucket(mail.mailbox.name))
    return need.take(bucket, now, jitter=timedelta(seconds=late))


def _room(tx: Tx, need: Cap, used: int, now: datetime) -> Allowed | NotBefore:
    cap, debit = need.cap, need.debit
    if isinstance(closes := closing(now, [cap.window]), NotBefore):
        return closes
    verdict = cap.check(used, now)
    if isinstance(verdict, NotBefore) and isinstance(cap.window, Rolling):
        rows = tx.quotas.used_since(debit.scope, debit.key, cap.window.since(now))
        return cap.check(sum(amount for _, amount in rows), now, debits=_net(rows))
    return verdict


def _net(rows: Sequence[tuple[datetime, int]]) -> list[tuple[datetime, int]]:
    """A refund bears the instant of its debit: together they are nothing."""
    amounts: dict[datetime, int] = {}
    for at, amount in rows:
        amounts[at] = amounts.get(at, 0) + amount
    return [(at, amount) for at, amount in amounts.items() if amount]


def _counted(known: ZoneChange, now: datetime) -> str:
    """The zone that counts while another change is not over: the one before it."""
    if known.before is None or known.changed_at is None:
        return known.zone
    windows = day_windows(known.before, known.zone, known.changed_at, now)
    return windows[0].zone


def _zones(settings: Settings, mail: Mail) -> Iterator[tuple[str, str]]:
    yield _zone_name(QuotaScope.CAMPAIGN, str(mail.campaign.id)), mail.campaign.definition.timezone
    yield _zone_name(QuotaScope.MAILBOX_DAY, mail.mailbox.name), mail.mailbox.timezone
    yield _ENGINE, settings.engine.timezone


def _zone_name(scope: QuotaScope, key: str) -> str:
    return f"{scope}:{key}" if scope in (QuotaScope.CAMPAIGN, QuotaScope.MAILBOX_DAY) else _ENGINE

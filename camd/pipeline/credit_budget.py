"""What paid questions may cost in a day, for each campaign and each provider, counted from the ledger of debits in
thousandths of a credit. A credit is reserved when a question is asked, and what it did not cost is given back."""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_CEILING, Decimal

from camd.domain.campaign import Campaign
from camd.domain.token_bucket import CapWindow, NotBefore, QuotaScope, VolumeCap
from camd.pipeline.context import Context
from camd.pipeline.send_quota import campaign_days, engine_days, note_campaign_zone
from camd.ports.store import Tx

_SCOPE = QuotaScope.PROVIDER_CREDITS


def refusal(tx: Tx, ctx: Context, campaign: Campaign, provider: str, price: Decimal, now: datetime) -> datetime | None:
    """When there may be room for so many credits more, if there is none now."""
    units = _units(price)
    for key, limit, window in _caps(tx, ctx, campaign, provider, now):
        cap = VolumeCap(_SCOPE, limit, window)
        verdict = cap.check(tx.quotas.used(_SCOPE, key, window.since(now)), now, units)
        if isinstance(verdict, NotBefore):
            return verdict.at
    return None


def is_ever_enough(ctx: Context, campaign: Campaign, provider: str, price: Decimal) -> bool:
    """Whether an untouched day has room for so many credits."""
    return all(limit is None or price <= limit for limit in _limits(ctx, campaign, provider))


def reserve(tx: Tx, campaign: Campaign, provider: str, price: Decimal, now: datetime) -> None:
    note_campaign_zone(tx, campaign, now)
    for key in _keys(campaign, provider):
        tx.quotas.debit(_SCOPE, key, now, _units(price))


def give_back(tx: Tx, campaign: Campaign, provider: str, amount: Decimal, reserved_at: datetime) -> None:
    """Counts in the day of the reservation; a negative amount is what it cost more than was reserved."""
    if amount:
        for key in _keys(campaign, provider):
            tx.quotas.debit(_SCOPE, key, reserved_at, -_units(amount))


def spent_today(tx: Tx, ctx: Context, provider: str, now: datetime) -> Decimal:
    """Reserved and spent credits of the provider on the engine's local day."""
    since = min(window.since(now) for window in engine_days(tx, ctx.settings, now))
    return Decimal(tx.quotas.used(_SCOPE, _provider_key(provider), since)) / 1000


def spent_today_for(tx: Tx, campaign: Campaign, now: datetime) -> Decimal:
    """The same of the campaign on its own local day, at all providers."""
    since = min(window.since(now) for window in campaign_days(tx, campaign, now))
    return Decimal(tx.quotas.used(_SCOPE, _campaign_key(campaign), since)) / 1000


def _caps(
    tx: Tx, ctx: Context, campaign: Campaign, provider: str, now: datetime
) -> Iterator[tuple[str, int, CapWindow]]:
    campaign_key, provider_key = _keys(campaign, provider)
    of_campaign, of_provider = _limits(ctx, campaign, provider)
    if of_campaign is not None:
        yield from ((campaign_key, _units(of_campaign), window) for window in campaign_days(tx, campaign, now))
    if of_provider is not None:
        yield from ((provider_key, _units(of_provider), window) for window in engine_days(tx, ctx.settings, now))


def _limits(ctx: Context, campaign: Campaign, provider: str) -> tuple[Decimal | None, Decimal | None]:
    return campaign.definition.enrichment.credits_per_day, ctx.credits_per_day.get(provider)


def _keys(campaign: Campaign, provider: str) -> tuple[str, str]:
    return _campaign_key(campaign), _provider_key(provider)


def _campaign_key(campaign: Campaign) -> str:
    return f"campaign:{campaign.id}"


def _provider_key(provider: str) -> str:
    return f"provider:{provider}"


def _units(amount: Decimal) -> int:
    return int((amount * 1000).to_integral_value(ROUND_CEILING))

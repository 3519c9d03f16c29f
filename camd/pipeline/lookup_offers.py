"""What a campaign wants to know of its people and whom it may ask for it now."""

from camd.domain.campaign import Campaign
from camd.domain.waterfall import Offer, Operation, Wanted
from camd.pipeline import credit_budget
from camd.pipeline.context import Context


def wanted_by(campaign: Campaign) -> Wanted:
    enrichment = campaign.definition.enrichment
    return Wanted(frozenset(enrichment.facts), enrichment.recheck_catch_all)


def offers_to(ctx: Context, campaign: Campaign) -> list[Offer]:
    """Those of the providers that the campaign names, in its order."""
    named = campaign.definition.enrichment.providers
    return [offer for provider in named for offer in open_offers(ctx, campaign, provider)]


def open_offers(ctx: Context, campaign: Campaign, provider: str) -> list[Offer]:
    """What the provider can be asked for: nothing while it is not configured or a person has to mend something, and
    nothing that costs more than a whole day's credits: nobody waits for that."""
    enricher = ctx.enrichers.get(provider)
    offers = [service.offer for service in enricher.services] if enricher is not None else []
    return [
        offer
        for offer in offers
        if not ctx.providers.is_refused(provider, offer.operation)
        and credit_budget.is_ever_enough(ctx, campaign, provider, offer.price)
    ]


def identifying(ctx: Context, campaign: Campaign) -> dict[str, Offer]:
    """By source, the offer to tell who its stubs are."""
    offers = (offer for provider in ctx.enrichers for offer in open_offers(ctx, campaign, provider))
    return {offer.provider: offer for offer in offers if offer.operation is Operation.MATCH}

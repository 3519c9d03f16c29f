"""What a person does with the opt-out address of a mail: look at its page, and opt out."""

from enum import StrEnum

from camd.domain.facts import CampaignId
from camd.domain.opt_out import read_token
from camd.operations.desk import Desk, campaign_of
from camd.pipeline import opt_out as engine
from camd.ports.store import Tx


class Outcome(StrEnum):
    """What an opt-out came to; whoever asked is told the same of all three."""

    STORED = "stored"
    KNOWN = "known"
    FORGED = "forged"


async def language(desk: Desk, token: str) -> str | None:
    """That of the campaign of the person's newest lead; None where none is known."""

    def query(tx: Tx) -> str | None:
        address_hash = read_token(tx.instance.key(), token)
        leads = tx.leads.of_address_hash(address_hash) if address_hash else ()
        if not leads:
            return None
        return campaign_of(tx, max(leads, key=lambda lead: lead.id)).definition.language

    return await desk.read(query)


async def opt_out(desk: Desk, token: str) -> Outcome:
    """Returns after the commit. A forged token waits for the store just the same, so that no outage tells it apart."""

    def unit(tx: Tx) -> tuple[Outcome, frozenset[CampaignId]]:
        address_hash = read_token(tx.instance.key(), token)
        if address_hash is None:
            return Outcome.FORGED, frozenset()
        concerned = engine.opt_out(tx, desk.context, address_hash, now=desk.now())
        return (Outcome.KNOWN, frozenset()) if concerned is None else (Outcome.STORED, concerned)

    outcome, concerned = await desk.write(unit)
    for campaign_id in concerned:
        desk.doorbells.ring(campaign_id)
    return outcome

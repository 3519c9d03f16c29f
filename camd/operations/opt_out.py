"""What a person does with the opt-out address of a mail: look at its page, and opt out."""

from enum import StrEnum

from camd.domain.facts import CampaignId
from camd.domain.opt_out import read_token
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.operations.desk import Desk
from camd.pipeline import opt_out as engine
from camd.pipeline import record
from camd.pipeline.owners import campaign_of
from camd.ports.journal import SuppressionLine
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
        if concerned is None:
            # Its line is written again: that of the first time may have failed.
            standing = tx.suppressions.covering([address_hash])
            assert standing is not None, "the no is on record"
            tx.journal.add(record.journal_line(standing))
            return Outcome.KNOWN, frozenset()
        return Outcome.STORED, concerned

    outcome, concerned = await desk.write(unit)
    for campaign_id in concerned:
        desk.doorbells.ring(campaign_id)
    return outcome


async def write_down(desk: Desk, token: str) -> None:
    """For an opt-out that the database does not take now: a line in the journal, which the next start applies.

    Raises what the store and the journal raise; even without an error the opt-out is not to be called done.
    """
    address_hash = read_token(await desk.read(lambda tx: tx.instance.key()), token)
    if address_hash is not None:
        line = SuppressionLine(desk.now(), SuppressionKind.ADDRESS, address_hash, SuppressionReason.OPTED_OUT)
        await desk.context.journal.append([line])

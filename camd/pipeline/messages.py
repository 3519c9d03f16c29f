"""A lead's messages, newest first and a few at a time: a stranger decides how many there are and how long each is."""

from collections.abc import Iterator

from camd.domain.facts import LeadId
from camd.domain.inbound import InboundClass
from camd.ports.records import Inbound, InboundFilter, Listing
from camd.ports.store import Tx

_BATCH = 50


def messages_of(tx: Tx, lead_id: LeadId, kind: InboundClass | None = None) -> Iterator[Inbound]:
    """Read as far as they are asked for."""
    chosen = InboundFilter(lead_id=lead_id, kind=kind)
    before: str | None = None
    while found := tx.inbox.page(Listing(_BATCH, before), chosen):
        yield from found
        before = found[-1].id

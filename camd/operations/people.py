"""One person in every campaign, by their address: everything that is kept of them."""

from dataclasses import asdict

from pydantic_core import to_jsonable_python

from camd.domain.contact import EmailAddress, parse_address
from camd.domain.errors import Invalid
from camd.domain.events import Event, EventType
from camd.operations import suppressions
from camd.operations.desk import Desk
from camd.operations.errors import invalid
from camd.operations.lead_export import exported, message
from camd.operations.traces import hash_of, traces_of
from camd.pipeline import record
from camd.ports.store import Tx
from camd.schema.person import PersonExport


def read_address(text: str) -> EmailAddress:
    """Raises `Unprocessable` for field `address`."""
    try:
        return parse_address(text)
    except Invalid as error:
        raise invalid("address", str(error)) from error


async def get(desk: Desk, text: str, *, actor: str) -> PersonExport:
    """The export itself stands in the ledger, which does not say of whom it was."""
    address = read_address(text)
    traces = await traces_of(desk, address)

    def unit(tx: Tx) -> PersonExport:
        leads = [lead for each in traces.leads if (lead := tx.leads.get(each.id))]
        own = {lead.id for lead in leads}
        standing = record.covering(tx, address.given)
        tx.ledger.append(Event(EventType.EXPORT_MADE, desk.now(), actor, data={"leads": len(leads)}))
        return PersonExport(
            address=address.given,
            suppression=suppressions.view(standing) if standing else None,
            leads=[exported(tx, lead) for lead in leads],
            candidates=[to_jsonable_python(asdict(candidate), fallback=dict) for candidate in traces.candidates],
            inbound=[message(each) for each in tx.inbox.of_sender(hash_of(tx, address)) if each.lead_id not in own],
        )

    return await desk.write(unit)

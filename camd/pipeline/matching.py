"""Whose a message is: by our Message-IDs in it, else by the address that a report names, else by its sender."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from camd.domain.contact import parse_address
from camd.domain.errors import Invalid
from camd.domain.inbound import BOUNCES, InboundClass
from camd.domain.lead import Lead
from camd.pipeline.owners import lead_of
from camd.ports.inbox import Letter, Report
from camd.ports.records import MatchedBy, Touch
from camd.ports.store import Tx

_REPORTS = BOUNCES | {InboundClass.COMPLAINT}
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Match:
    """Nobody's, where `lead` is none. `report` is what a bounce or complaint says of this lead's mail."""

    lead: Lead | None = None
    touch: Touch | None = None
    by: MatchedBy | None = None
    report: Report | None = None


def find(tx: Tx, letter: Letter) -> Match:
    reading = letter.reading
    for report, message_id in _named(letter):
        if touch := touch_of(tx, message_id):
            lead = lead_of(tx, touch)
            return Match(lead, touch, MatchedBy.MESSAGE_ID, _about(lead, reading.reports) or report)
    if reading.kind not in _REPORTS:
        return _of_person(tx, letter.sender, MatchedBy.SENDER)
    for report in reading.reports:
        found = _of_person(tx, report.recipient, MatchedBy.REPORT, report)
        if found.lead is not None:
            return found
    return Match(report=next(iter(reading.reports), None))


def touch_of(tx: Tx, message_id: str) -> Touch | None:
    """The touch with that Message-ID, also where a provider passed it on under an id of its own."""
    return tx.touches.of_message(message_id) or tx.touches.of_alias(message_id)


def address_key(address: str | None) -> str | None:
    """None where it is no address that a lead could have."""
    try:
        return parse_address(address).key if address else None
    except Invalid:
        return None


def _about(lead: Lead, reports: Iterable[Report]) -> Report | None:
    """Of several recipients the lead itself."""
    key = address_key(lead.facts.email)
    return next((report for report in reports if key and address_key(report.recipient) == key), None)


def _named(letter: Letter) -> Iterator[tuple[Report | None, str]]:
    reports = letter.reading.reports
    for report in reports:
        for message_id in report.message_ids:
            yield report, message_id
    for message_id in letter.thread:
        yield next(iter(reports), None), message_id


def _of_person(tx: Tx, address: str | None, by: MatchedBy, report: Report | None = None) -> Match:
    """Of the person's leads the one that was written to last, else the newest."""
    key = address_key(address)
    candidates = [(_last_touch(tx, lead), lead) for lead in tx.leads.of_person(key)] if key else []
    if not candidates:
        return Match(report=report)
    touch, lead = max(candidates, key=lambda found: (_handed_over_at(found[0]), found[1].is_open, found[1].id))
    return Match(lead, touch, by, report)


def _last_touch(tx: Tx, lead: Lead) -> Touch | None:
    return max(_handed_over(tx.touches.of_lead(lead.id)), key=_handed_over_at, default=None)


def _handed_over(touches: Iterable[Touch]) -> Iterator[Touch]:
    return (touch for touch in touches if _handed_over_at(touch) is not _NEVER)


def _handed_over_at(touch: Touch | None) -> datetime:
    return (touch and (touch.sent_at or touch.on_wire_at)) or _NEVER

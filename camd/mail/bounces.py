"""What a mail system says of a mail that did not arrive or is late: by its report (RFC 3464), else by its words.

A person's mail is never one, whatever it quotes: without a report of the message's own it takes a machine's marks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from camd.domain.inbound import BounceKind, InboundClass
from camd.mail.bounce_notices import is_notice, notice_of
from camd.mail.bounce_verdicts import deciding_code, judge
from camd.mail.bounce_words import DELAYED
from camd.mail.machines import has_no_return_path, is_daemon, is_postmaster, mark_of
from camd.mail.parsed import Parsed
from camd.mail.phrases import fold
from camd.mail.report_parts import blocks, own_parts, returned_ids, source, type_of
from camd.ports.inbox import Reading, Report

_STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ADDRESS = re.compile(r"[^\s;<>()\"',]{1,128}@[^\s;<>()\"',@]{1,255}")
_MOST_RECIPIENTS = 100
_DIAGNOSTIC_CHARACTERS = 500
_ABOUT_A_RECIPIENT = ("final-recipient", "original-recipient", "action", "status", "diagnostic-code")


class _Action(Enum):
    """The first that a report has of any recipient is what the whole report says."""

    FAILED = auto()
    DELAYED = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True)
class _Said:
    action: _Action
    report: Report


def read_bounce(mail: Parsed) -> Reading | None:
    """None for everything that is no report of delivery. A report of success is an `auto_reply`: it changes nothing."""
    fields = _status_fields(mail)
    if fields is None:
        return notice_of(mail) if is_notice(mail) else None
    ids = returned_ids(mail)
    said = [_said(each, mail, ids) for each in fields[:_MOST_RECIPIENTS]]
    if not said:
        return notice_of(mail)
    action = min((each.action for each in said), key=lambda each: each.value)
    return _reading(action, [each.report for each in said if each.action is action])


def _reading(action: _Action, reports: Sequence[Report]) -> Reading:
    kinds = [each.kind for each in reports]
    first = reports[kinds.index(BounceKind.HARD)] if BounceKind.HARD in kinds else reports[0]
    evidence = f"delivery report: {action.name.lower()} {first.code or 'without a code'}"
    match action:
        case _Action.FAILED:
            hard = first.kind is BounceKind.HARD
            kind = InboundClass.HARD_BOUNCE if hard else InboundClass.SOFT_BOUNCE
            return Reading(kind, f"{evidence} ({first.kind})", reports=tuple(reports))
        case _Action.DELAYED:
            return Reading(InboundClass.DELAYED, evidence, reports=tuple(reports))
        case _Action.DONE:
            return Reading(InboundClass.AUTO_REPLY, evidence)


def _status_fields(mail: Parsed) -> list[Mapping[str, str]] | None:
    """What a report of the message's own says of each recipient; None where it is no such report."""
    found = [source(part) for part in own_parts(mail.message) if type_of(part) in _STATUS_PARTS]
    is_report = mail.content_type == "multipart/report" and (bool(found) or mail.report_type == "delivery-status")
    # A mail program that forwards a report takes it apart, so that its parts look like the person's own.
    if not is_report and not (found and _is_from_a_machine(mail)):
        return None
    if not found:
        found = [part.text for part in mail.parts if "final-recipient:" in part.text.lower()]
    return list(_recipients(found))


def _recipients(texts: Sequence[str]) -> Iterator[Mapping[str, str]]:
    for text in texts:
        for block in blocks(text):
            if "final-recipient" in block or (
                "reporting-mta" not in block and not block.keys().isdisjoint(_ABOUT_A_RECIPIENT)
            ):
                yield block


def _is_from_a_machine(mail: Parsed) -> bool:
    return is_daemon(mail) or is_postmaster(mail) or has_no_return_path(mail) or mark_of(mail) is not None


def _said(fields: Mapping[str, str], mail: Parsed, ids: tuple[str, ...]) -> _Said:
    status = fields.get("status", "")
    words = fields.get("diagnostic-code") or fields.get("x-supplementary-info") or ""
    diagnostic = words.partition(";")[2].strip() or words
    if not diagnostic and deciding_code(status, "") is None:
        return _said_in_words(fields, mail)
    verdict = judge(status, diagnostic)
    report = Report(_recipient(fields), verdict.kind, verdict.code, diagnostic[:_DIAGNOSTIC_CHARACTERS], ids)
    return _Said(_action(fields, mail), report)


def _said_in_words(fields: Mapping[str, str], mail: Parsed) -> _Said:
    """Some reports say why only in the part for people."""
    told = notice_of(mail).reports[0]
    recipient = _recipient(fields) or told.recipient
    return _Said(_action(fields, mail), Report(recipient, told.kind, told.code, told.diagnostic, told.message_ids))


def _action(fields: Mapping[str, str], mail: Parsed) -> _Action:
    action, status = fields.get("action", "").strip().lower(), fields.get("status", "").strip()
    if action.startswith("delay"):
        return _Action.DELAYED
    if action.startswith(("deliver", "relay", "expand")) or (not action and status.startswith("2")):
        return _Action.DONE
    if not action and status.startswith("4") and DELAYED.search(fold(f"{mail.subject}\n{mail.text[:2000]}")):
        return _Action.DELAYED
    return _Action.FAILED


def _recipient(fields: Mapping[str, str]) -> str | None:
    """The one we wrote to, where his host says so (RFC 3464, 2.3.1): he may have his mail sent on."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        if found := _ADDRESS.search(fields.get(name, "")):
            return found[0]
    return None

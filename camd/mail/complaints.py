"""Complaints of recipients that their provider passes on: RFC 5965 reports, and the forms before it that are in use.

Reports on our authentication, and that something is no spam, are no complaints.
"""

import re
from collections.abc import Mapping

from camd.domain.inbound import InboundClass
from camd.mail.machines import has_no_return_path, mark_of
from camd.mail.parsed import Parsed
from camd.mail.phrases import fold
from camd.mail.report_parts import blocks, own_parts, returned_headers, returned_ids, source, type_of
from camd.ports.inbox import Reading, Report

_NOT_COMPLAINTS = frozenset({"auth-failure", "not-spam", "dmarc", "tls"})
_ADDRESS = re.compile(r"[^\s;<>()\"',]{1,128}@[^\s;<>()\"',@]{1,255}")
_OLD_LOOPS = re.compile(
    r"^(?:staff@(?:hotmail|outlook|live)\.com|scomp@aol\.net|abuse_rbl@|feedbackloop@|fbl@|fbl-|feedback@arf\."
    r"|complaints?@.*(?:fbl|feedback)|.*@reports\.spamcop\.net$)"
)
_OLD_SUBJECT = re.compile(
    r"\s*(?:complaint about message from|email feedback report for ip|\[spamcop \(|abuse report|spam report"
    r"|spam complaint|fw: .{0,40}complaint|feedback loop (?:report|complaint))"
)
_JUNK_MAIL_REPORTING = "x-hmxmroriginalrecipient"
"""Microsoft's programme for senders writes whom a mail was for into the mail it gives back."""


def read_complaint(mail: Parsed) -> Reading | None:
    fields = _feedback(mail)
    if fields is not None:
        kind = fields.get("feedback-type", "abuse").split()[:1]
        return None if kind and kind[0].lower() in _NOT_COMPLAINTS else _complaint(mail, "RFC 5965", fields)
    if "x-xarf" in mail.headers or "x-arf" in mail.headers:
        return _complaint(mail, "X-ARF", {})
    if _JUNK_MAIL_REPORTING in returned_headers(mail):
        return _complaint(mail, "junk mail reporting", {})
    is_known = _OLD_LOOPS.match(fold(mail.sender or "")) is not None
    is_machine = mark_of(mail) is not None or has_no_return_path(mail)
    if _OLD_SUBJECT.match(fold(mail.subject[:300])) and (is_known or (is_machine and returned_headers(mail))):
        return _complaint(mail, "feedback loop", {})
    return None


def is_feedback(mail: Parsed) -> bool:
    """A report of that form, whether it complains or not."""
    return mail.report_type == "feedback-report" or _feedback(mail) is not None


def _feedback(mail: Parsed) -> Mapping[str, str] | None:
    """The fields of a report of the message's own; a complaint that a person sends on is his own business."""
    if mail.content_type != "multipart/report":
        return None
    for part in own_parts(mail.message):
        if type_of(part) == "message/feedback-report":
            return next(iter(blocks(source(part))), {})
    return {} if mail.report_type == "feedback-report" else None


def _complaint(mail: Parsed, rule: str, fields: Mapping[str, str]) -> Reading:
    returned = returned_headers(mail)
    named = (
        fields.get("original-rcpt-to"),
        fields.get("removal-recipient"),
        returned.get(_JUNK_MAIL_REPORTING),
        returned.get("x-original-to"),
        returned.get("to"),
    )
    addresses = (_ADDRESS.search(each) for each in named if each)
    recipient = next((found[0] for found in addresses if found and "redacted" not in found[0].lower()), None)
    said = fields.get("feedback-type") or "abuse"
    report = Report(recipient, None, None, said[:100], returned_ids(mail))
    return Reading(InboundClass.COMPLAINT, f"complaint: {said.split()[0][:30].lower()} ({rule})", reports=(report,))

"""Leads as people read them."""

from camd.cli.output import Cell, day_and_time, facts, line, more, note, table, when
from camd.schema.lead import Lead, LeadDetail, Receipt, WhyReport
from camd.schema.page import Page


def listed(page: Page[Lead]) -> None:
    if not page.items:
        note("No leads.")
        return
    table(("id", "person", "status", "score", "next"), map(_row, page.items), right=("score",))
    more(page.next)


def _row(lead: Lead) -> tuple[Cell, ...]:
    status = f"{lead.status} ({lead.status_reason})" if lead.status_reason else lead.status
    name = " ".join(filter(None, (lead.first_name, lead.last_name)))
    person = lead.email or ", ".join(filter(None, (name, lead.company)))
    return lead.id, person, status, lead.score, _next(lead)


def _next(lead: Lead) -> str:
    if lead.holds:
        return f"held: {', '.join(hold.reason for hold in lead.holds)}"
    if lead.next_action is None:
        return ""
    return f"{lead.next_action} {day_and_time(lead.next_action_at)}" if lead.next_action_at else "nothing: see why"


def details(lead: Lead) -> None:
    facts((name, value) for name, value in lead if name not in {"holds", "receipts"})
    for hold in lead.holds:
        until = f" until {when(hold.until)}" if hold.until else ""
        note_ = f": {hold.note}" if hold.note else ""
        facts([("hold", f"{hold.reason} since {when(hold.since)}{until}{note_}")])


def detailed(lead: LeadDetail) -> None:
    details(lead)
    for receipt in lead.receipts:
        facts([("asked", _receipt(receipt))])


def _receipt(receipt: Receipt) -> str:
    credits_ = f"{receipt.credits} credits" if receipt.credits is not None else f"up to {receipt.reserved} credits"
    paid = "answered by an earlier question" if receipt.asked_before else credits_
    at = f", {when(receipt.settled_at)}" if receipt.settled_at else ""
    evidence = f" ({receipt.evidence})" if receipt.evidence else ""
    return f"{receipt.provider} {receipt.operation}: {receipt.result or receipt.status}{evidence}, {paid}{at}"


def why_report(report: WhyReport) -> None:
    rows = [(("yes" if check.passed else "no"), check.name, check.reason, check.until) for check in report.checks]
    table(("passed", "check", "reason", "until"), rows)
    verdict = "would be written to now" if report.allowed else "is not written to now"
    follows = f"; next look {when(report.next_action_at)}" if report.next_action_at else ""
    line(f"{report.lead_id} {verdict}{follows}")

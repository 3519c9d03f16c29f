"""A CycleReport in words: what a cycle did or would have done, what it waits for, and when it looks again."""

from collections.abc import Iterator, Mapping

import streamlit as st

from camd.schema.preview import Preview
from camd.schema.report import CycleReport
from camd.ui.lead_words import HELD, LIMITS
from camd.ui.words import REASON, count, moment, number, plain
from camd.ui.words import told as as_words

_WAITS: Mapping[str, str] = {
    "dry_run_instance": "camd itself is in dry run, as its configuration file says: nothing is sent",
    "dry_run_campaign": "the campaign is in dry run: nothing is sent until it goes live",
    "dry_run_call": "you asked for a dry cycle: nothing is sent",
    "not_active": "the campaign is not active, and only an active one sends",
    "kill_switch": "the kill switch is on: nothing is sent",
    "recovery_hold": "the recovery hold stands: nothing is sent",
    "gate_closed": "the send gate is closed: nothing is sent",
    "approval": "mails wait for your approval",
    "window": "it is outside the hours in which people may be written to",
    "nothing_due": "nothing is due now",
}
_OF_ALL = frozenset(
    {
        "dry_run_instance",
        "dry_run_campaign",
        "dry_run_call",
        "not_active",
        "kill_switch",
        "recovery_hold",
        "gate_closed",
        "nothing_due",
    }
)
"""Reasons of the whole campaign, which hold back no number of leads."""


def show(report: CycleReport, previews: list[Preview], zone: str) -> None:
    how = "a dry cycle: nobody was written to, nothing was paid" if report.dry_run else "a live cycle"
    st.markdown(f"**{plain(report.campaign_name)}**: {how}. It took {_lasted(report)}.")
    for error in report.errors:
        st.error(f"**{plain(as_words(error.stage))}** ({plain(as_words(error.scope))}): {plain(error.message)}")
    _figures(report)
    st.markdown("\n".join(f"- {line}" for line in _lines(report, zone)))
    _show_previews(previews, zone)


def _lasted(report: CycleReport) -> str:
    seconds = report.duration_seconds
    return f"{seconds:.1f} s" if seconds >= 0.1 else "less than 0.1 s"


def _figures(report: CycleReport) -> None:
    figures = {
        "People found": report.leads_discovered,
        "Known already": report.duplicates_skipped,
        "Checked": report.leads_enriched,
        "Scored": report.leads_scored,
        "Previews made" if report.dry_run else "Mails planned": report.touches_planned,
        "Answers read": report.replies_processed,
    }
    if not report.dry_run:
        figures |= {
            "Mails sent": report.outreach_sent,
            "Refused or put off": report.outreach_failed,
            "Held back": report.outreach_skipped,
            "Perhaps arrived": report.outreach_unknown,
        }
    with st.container(horizontal=True):
        for name, figure in figures.items():
            st.metric(name, f"{figure:,}", width="content")


def _lines(report: CycleReport, zone: str) -> Iterator[str]:
    if report.campaign_paused is not None:
        yield f"**The campaign was paused**: {plain(_reason(report.campaign_paused))}."
    if report.would_spend:
        spent = ", ".join(f"{plain(name)} {_credits(amount)}" for name, amount in sorted(report.would_spend.items()))
        yield f"A live cycle would have paid: {spent}."
    for reason, leads in report.waiting_for.items():
        yield f"Waits: {wait_words(reason, leads)}."
    if report.outreach_unknown:
        yield "What became of a mail that perhaps arrived is decided under Unknown in Campaigns."
    if report.next_wake_at is not None:
        yield f"It looks again by {moment(report.next_wake_at, zone)}."
    else:
        yield "It does not look again by itself while it is not active."


def _credits(amount: float) -> str:
    return "1 credit" if amount == 1 else f"{number(amount)} credits"


def _reason(reason: str) -> str:
    return next((text for known, text in REASON.items() if known == reason), as_words(reason))


def wait_words(reason: str, leads: int) -> str:
    """Such as "a limit is used up, mails to one company a day (3 leads)"."""
    held = "" if reason in _OF_ALL else f" ({count(leads, 'lead')})"
    return f"{plain(_wait(reason))}{held}"


def _wait(reason: str) -> str:
    kind, _, of = reason.partition(":")
    if kind == "mailbox":
        return f"the mailbox {of} cannot send now"
    if kind == "quota":
        return f"a limit is used up for now, {LIMITS.get(of, as_words(of))}"
    if kind == "hold":
        return next((text for known, text in HELD.items() if known == of), as_words(of))
    return _WAITS.get(reason, as_words(reason))


def _show_previews(previews: list[Preview], zone: str) -> None:
    if not previews:
        st.caption("No mail is to come as far as is known: add people or steps, or look at what it waits for.")
        return
    st.markdown("**The next mails**")
    for preview in previews:
        with st.expander(f"Step {preview.step} · {plain(preview.subject)}"):
            from_ = f", from {preview.mailbox}" if preview.mailbox else ""
            st.text(f"To {preview.email or 'no address'}{from_}, not before {moment(preview.due_at, zone)}")
            st.code(preview.body, language=None, wrap_lines=True)


def row(report: CycleReport) -> dict[str, str | int]:
    """For the table of a run over several campaigns."""
    return {
        "campaign": report.campaign_name,
        "cycle": "dry" if report.dry_run else "live",
        "found": report.leads_discovered,
        "planned": report.touches_planned,
        "sent": report.outreach_sent,
        "errors": len(report.errors),
        "waits for": "; ".join(_wait(reason) for reason in report.waiting_for),
    }

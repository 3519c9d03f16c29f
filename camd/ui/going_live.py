"""From dry run to real mails and back: what stands against it, a test mail, what will happen first, and the question.

The findings are kept while the visitor stays and the campaign is not changed: each look logs in to every mailbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from camd.client import outlook_calls
from camd.domain.campaign import CampaignStatus
from camd.domain.preflight import FindingName, Level
from camd.schema.campaign import CampaignDetail
from camd.schema.mailbox import TrialBody, TrialOutcome, TrialReport
from camd.schema.preflight import Finding, PreflightReport
from camd.ui.acting import act_button, act_confirmed, act_submit, warn
from camd.ui.first_mails import Ahead, look_ahead, show_ahead
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import moment, plain

LOOK_SECONDS = 90.0
"""Log-ins and DNS of slow providers take longer than what the console waits for a page."""
_MENDS: Mapping[FindingName, str] = {
    FindingName.NO_STEPS: "Add one in the section Edit.",
    FindingName.NO_TEST_MAIL: "Send yourself one below.",
}
"""Where the console itself mends it."""
_OUTCOMES: Mapping[TrialOutcome, str] = {
    TrialOutcome.ACCEPTED: "accepted",
    TrialOutcome.REFUSED: "refused",
    TrialOutcome.UNKNOWN: "not known",
}
_BACK = (
    "From then on nothing more is sent, nothing is paid for and no webhook fires. **What stays:** mails that went out "
    "cannot be called back, and their answers are read on; every lead keeps its status and its story. What is planned "
    "now is planned anew when the campaign goes live again, each lead at its next step."
)


def show(client: ConsoleClient, campaign: CampaignDetail) -> None:
    if campaign.status is CampaignStatus.ARCHIVED:
        st.info("The campaign is archived: it is over for good.")
    elif campaign.dry_run:
        _out_of_dry_run(client, campaign)
    else:
        _live(client, campaign)


def _out_of_dry_run(client: ConsoleClient, campaign: CampaignDetail) -> None:
    st.subheader("1. What stands against it", anchor=False)
    report = _findings(client, campaign)
    st.subheader("2. A test mail to yourself", anchor=False)
    _trial(client, campaign)
    st.subheader("3. What will happen first", anchor=False)
    ahead = look_ahead(client, campaign)
    show_ahead(ahead, campaign, report.findings)
    st.subheader("4. Go live", anchor=False)
    if not report.ready:
        st.info("Mend what stops it in 1, then check again.")
        return
    what = f"{plain(campaign.name)} is live: real people are written to from now on."
    act_confirmed(
        "Go live…",
        _question(ahead, campaign),
        partial(_go, client, campaign, what),
        key="going_live.live",
        verb="Go live now",
    )


def _findings(client: ConsoleClient, campaign: CampaignDetail) -> PreflightReport:
    key = f"going_live.{campaign.id}.report"
    kept: tuple[object, PreflightReport] | None = st.session_state.get(key)
    if kept is None or kept[0] != campaign.updated_at:
        with st.spinner("Looking at log-ins, DNS and leads…"):
            report = client.ask(replace(outlook_calls.preflight(campaign.id), seconds=LOOK_SECONDS))
        kept = st.session_state[key] = (campaign.updated_at, report)
    report = kept[1]
    if report.ready:
        st.success("Nothing stops it.")
    _tell(report.findings)
    act_button("Check again", partial(_forget, key), key="going_live.check")
    return report


def _tell(findings: Sequence[Finding]) -> None:
    """Each stop by itself, the warnings together; the pace is told with what will happen first."""
    for finding in findings:
        if finding.level is Level.STOP:
            st.error(_said(finding), icon=":material/block:")
    warnings = [each for each in findings if each.level is Level.WARN and each.name is not FindingName.CAPACITY]
    if warnings:
        st.warning("\n\n".join(map(_said, warnings)), icon=":material/warning:")


def _said(finding: Finding) -> str:
    return f"**{plain(finding.message)}**  \n{plain(_MENDS.get(finding.name, finding.mend))}"


def _forget(key: str) -> None:
    st.session_state.pop(key, None)


def _trial(client: ConsoleClient, campaign: CampaignDetail) -> None:
    st.caption("Every step once, as a real lead would get it, to you alone. No lead is written to, and nothing counts.")
    to = f"going_live.{campaign.id}.to"
    with st.form("going_live.trial_form", border=False):
        st.text_input("To", key=to, placeholder="an address of notify.email; empty: the first of them")
        act_submit("Send the test mails", partial(_try, client, campaign, to), key="going_live.trial")
    report: TrialReport | None = st.session_state.get(f"going_live.{campaign.id}.trial")
    if report is None:
        return
    st.markdown(f"From mailbox {plain(report.mailbox)} to {plain(report.to)}:")
    st.table(
        [
            {
                "Step": str(mail.step),
                "Outcome": _OUTCOMES[mail.outcome],
                "Subject": plain(mail.subject),
                "The server said": plain(mail.reply),
            }
            for mail in report.mails
        ],
        hide_index=True,
    )


def _try(client: ConsoleClient, campaign: CampaignDetail, to: str) -> str | None:
    body = TrialBody(to=st.session_state[to].strip() or None)
    report = client.send_test(campaign.id, body)
    st.session_state[f"going_live.{campaign.id}.trial"] = report
    _forget(f"going_live.{campaign.id}.report")
    if all(mail.outcome is TrialOutcome.ACCEPTED for mail in report.mails):
        return f"{plain(report.to)} has a mail of each step. Read them before you go live."
    warn("Not every test mail was accepted: see what the server said.")
    return None


def _question(ahead: Ahead, campaign: CampaignDetail) -> str:
    lines = ["**Real people are written to from then on.**"]
    if campaign.status is not CampaignStatus.ACTIVE:
        lines.append("Nothing is sent before the campaign is active, which it is not yet.")
    if ahead.mails:
        first = ahead.mails[0]
        lines.append(f"First: {plain(first.email or 'a lead')}, {plain(moment(first.due_at, campaign.timezone))}.")
    lines.append(f"Today at most {ahead.outlook.left_today} mails go out. {ahead.approval}")
    return "\n\n".join(lines)


def _go(client: ConsoleClient, campaign: CampaignDetail, what: str) -> str:
    _forget(f"going_live.{campaign.id}.report")
    client.live(campaign.id)
    return what


def _live(client: ConsoleClient, campaign: CampaignDetail) -> None:
    first = moment(campaign.first_live_at, campaign.timezone)
    since = f" It first was on {plain(first)}." if campaign.first_live_at else ""
    is_active = campaign.status is CampaignStatus.ACTIVE
    st.success(f"The campaign is live{': real people are written to' if is_active else ''}.{since}")
    with told():
        st.subheader("What comes next", anchor=False)
        show_ahead(look_ahead(client, campaign), campaign, ())
    st.subheader("Back to dry run", anchor=False)
    st.markdown(_BACK)
    act_confirmed(
        "Back to dry run…",
        "Stop sending for this campaign?",
        partial(_back, client, campaign),
        key="going_live.dry",
        verb="Back to dry run",
    )


def _back(client: ConsoleClient, campaign: CampaignDetail) -> str:
    client.dry(campaign.id)
    return f"{plain(campaign.name)} is in dry run: nothing more is sent."

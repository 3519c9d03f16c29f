"""The tab Manual Run: one cycle now of the campaigns that are chosen, dry unless a person says otherwise."""

from collections.abc import Mapping

import streamlit as st

from camd.client.errors import ApiError
from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignSummary
from camd.schema.page import MAX_LIMIT
from camd.schema.report import CycleReport
from camd.ui import cycle_report, live_question
from camd.ui.asking import confirmed
from camd.ui.notices import show_problem, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, plain

PREVIEWS = 5
_REPORTS = "run.reports"


def show(client: ConsoleClient) -> None:
    known = {campaign.id: campaign for campaign in _open_campaigns(client)}
    if not known:
        st.info("There is no campaign to run. **Create New** makes one, in dry run.")
        return
    st.caption(
        "A cycle looks for people, checks and scores them, and plans their mails. Active campaigns do it by "
        "themselves; here you can have it done now and read what came of it."
    )
    chosen = _choose(known)
    is_dry = st.toggle("Dry run: write to nobody, pay nothing", value=True, key="run.dry", persist_state="session")
    if _is_asked(client, chosen, is_dry=is_dry):
        _run(client, chosen, is_dry=is_dry)
    _show_reports(client)


def _open_campaigns(client: ConsoleClient) -> list[CampaignSummary]:
    found: list[CampaignSummary] = []
    cursor = None
    while True:
        page = client.campaigns(limit=MAX_LIMIT, cursor=cursor)
        found += (campaign for campaign in page.items if campaign.status is not CampaignStatus.ARCHIVED)
        if (cursor := page.next) is None:
            return found


def _choose(known: Mapping[int, CampaignSummary]) -> list[CampaignSummary]:
    is_all = st.checkbox(
        f"All {count(len(known), 'campaign')} that are not archived", key="run.all", persist_state="session"
    )
    ids = st.multiselect(
        "Campaigns",
        list(known),
        format_func=lambda id_: _label(known[id_]),
        key="run.campaigns",
        disabled=is_all,
        persist_state="session",
    )
    return list(known.values()) if is_all else [known[id_] for id_ in ids if id_ in known]


def _label(campaign: CampaignSummary) -> str:
    """Nothing in it changes while it is chosen, or the choice would be lost."""
    return f"{campaign.name} (no. {campaign.id})"


def _is_asked(client: ConsoleClient, chosen: list[CampaignSummary], *, is_dry: bool) -> bool:
    many = "a cycle" if len(chosen) == 1 else f"{len(chosen):,} cycles"
    if not chosen:
        st.caption("Choose one or more campaigns first.")
    if is_dry or not chosen:
        return st.button(f"Run {many if chosen else 'a cycle'} dry", key="run.run", type="primary", disabled=not chosen)
    question = live_question.ask(client, chosen)
    return confirmed(f"Run {many} live", question, key="run.live", verb="Run now")


def _run(client: ConsoleClient, chosen: list[CampaignSummary], *, is_dry: bool) -> None:
    """One after the other; what is done is kept, also when the visitor stops it."""
    reports: list[CycleReport] = []
    st.session_state[_REPORTS] = reports
    bar, stop = st.progress(0.0), st.empty()
    stop.button("Stop after this one", key="run.stop")
    with told():
        for number, campaign in enumerate(chosen):
            bar.progress(number / len(chosen), f"{number + 1} of {len(chosen)}: {plain(campaign.name)}")
            try:
                reports.append(client.run_cycle(campaign.id, dry_run=is_dry))
            except ApiError as refusal:
                st.markdown(f"**{plain(campaign.name)}** was not run:")
                show_problem(refusal.problem)
    stop.empty()
    bar.progress(1.0, f"Done: {len(reports)} of {count(len(chosen), 'cycle')}")


def _show_reports(client: ConsoleClient) -> None:
    reports: dict[int, CycleReport] = {report.campaign_id: report for report in st.session_state.get(_REPORTS, [])}
    if not reports:
        return
    st.subheader("What came of it")
    shown = next(iter(reports.values()))
    if len(reports) > 1:
        st.dataframe(
            [cycle_report.row(report) for report in reports.values()],
            hide_index=True,
            alt="One line for each campaign that was run",
        )
        number = st.selectbox(
            "Read the report of", list(reports), format_func=lambda id_: reports[id_].campaign_name, key="run.report"
        )
        shown = reports[number]
    with told():
        zone = client.campaign(shown.campaign_id).timezone
        cycle_report.show(shown, client.preview(shown.campaign_id, limit=PREVIEWS).items, zone)

"""The tab Manual Run: one cycle now of the campaigns that are chosen, dry unless a person says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from camd.client.errors import ApiError, Unreachable
from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignSummary
from camd.schema.problem import Problem
from camd.schema.report import CycleReport
from camd.ui import cycle_report, live_question
from camd.ui.asking import confirmed
from camd.ui.campaign_choice import every_campaign, label
from camd.ui.notices import show_problem, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, plain

PREVIEWS = 5
_RUN = "run.asked"


@dataclass(slots=True)
class Run:
    """What is left of what was asked for, and what is done; it goes on until its visitor stops it or camd goes away."""

    asked: int
    left: list[CampaignSummary]
    is_dry: bool
    reports: dict[int, CycleReport] = field(default_factory=dict)
    refused: dict[str, Problem] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return len(self.reports) + len(self.refused)


def show(client: ConsoleClient) -> None:
    open_ones = (each for each in every_campaign(client) if each.status is not CampaignStatus.ARCHIVED)
    known = {campaign.id: campaign for campaign in open_ones}
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
        st.session_state[_RUN] = Run(len(chosen), chosen, is_dry)
        st.rerun()
    run: Run | None = st.session_state.get(_RUN)
    if run is not None:
        _go_on(client, run)
        _show(client, run)


def _choose(known: Mapping[int, CampaignSummary]) -> list[CampaignSummary]:
    is_all = st.checkbox(
        f"All campaigns that are not archived ({len(known):,})", key="run.all", persist_state="session"
    )
    ids = st.multiselect(
        "Campaigns",
        list(known),
        format_func=lambda id_: label(known[id_]),
        key="run.campaigns",
        disabled=is_all,
        persist_state="session",
    )
    return list(known.values()) if is_all else [known[id_] for id_ in ids if id_ in known]


def _is_asked(client: ConsoleClient, chosen: list[CampaignSummary], *, is_dry: bool) -> bool:
    many = "a cycle" if len(chosen) == 1 else f"{len(chosen):,} cycles"
    if not chosen:
        st.caption("Choose one or more campaigns first.")
    if is_dry or not chosen:
        return st.button(f"Run {many if chosen else 'a cycle'} dry", key="run.run", type="primary", disabled=not chosen)
    question = live_question.ask(client, chosen)
    return confirmed(f"Run {many} live", question, key="run.live", verb="Run now")


def _go_on(client: ConsoleClient, run: Run) -> None:
    """One after the other, and none twice, also where a click begins the page anew meanwhile."""
    if not run.left:
        return
    bar, stop = st.progress(0.0), st.empty()
    stop.button("Stop after this one", key="run.stop", on_click=run.left.clear)
    with told():
        while run.left:
            campaign = run.left[0]
            bar.progress(run.done / run.asked, f"{run.done + 1} of {run.asked}: {plain(campaign.name)}")
            del run.left[0]
            try:
                run.reports[campaign.id] = client.run_cycle(campaign.id, dry_run=run.is_dry)
            except ApiError as refusal:
                run.refused[campaign.name] = refusal.problem
            except Unreachable:
                run.left.clear()
                raise
    stop.empty()
    bar.empty()


def _show(client: ConsoleClient, run: Run) -> None:
    st.subheader("What came of it")
    st.caption(f"Done: {len(run.reports):,} of {count(run.asked, 'cycle')}.")
    for name, problem in run.refused.items():
        st.markdown(f"**{plain(name)}** was not run:")
        show_problem(problem)
    reports = run.reports
    if not reports:
        return
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

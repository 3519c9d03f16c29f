"""The line above every section of a campaign: whether it works and writes, who decided that, and the buttons that
change it."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignDetail
from camd.ui import pause_words
from camd.ui.asking import confirmed
from camd.ui.event_words import by_whom
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import mode, moment, plain, standing

REFRESH = "5s"


@st.fragment(run_every=REFRESH)
def show(client: ConsoleClient, campaign: CampaignDetail) -> None:
    """Begins the page anew when the campaign was started, stopped, set live or edited elsewhere."""
    with told():
        now = client.campaign(campaign.id)
        if _told(now) != _told(campaign):
            st.rerun()
        _draw(client, now)


def _told(campaign: CampaignDetail) -> tuple[object, ...]:
    return campaign.status, campaign.status_reason, campaign.dry_run, campaign.steps_version, campaign.name


def _draw(client: ConsoleClient, campaign: CampaignDetail) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="campaigns.standing"):
        st.badge(plain(standing(campaign.status, campaign.status_reason)), color=colour(campaign.status))
        st.badge(mode(dry_run=campaign.dry_run), color="blue" if campaign.dry_run else "green")
        _buttons(client, campaign)
    st.caption(plain(_since(campaign)))


def _since(campaign: CampaignDetail) -> str:
    """Who decided how it stands, by which figures, and what may be done next."""
    by = by_whom(campaign.status_by)
    at, who = moment(campaign.status_at, campaign.timezone), f" by {by}" if by else ""
    decided = pause_words.figures(campaign)
    said = [f"Since {at}{who}{f': {decided}' if decided else ''}.", campaign.status_detail]
    if campaign.status is CampaignStatus.ACTIVE and campaign.next_cycle_at:
        said.append(f"Next cycle {moment(campaign.next_cycle_at, campaign.timezone)}.")
    if campaign.status is CampaignStatus.PAUSED and campaign.status_reason:
        said.append(pause_words.NEXT.get(campaign.status_reason))
    return " ".join(filter(None, said))


def colour(status: CampaignStatus) -> Literal["green", "orange", "gray"]:
    match status:
        case CampaignStatus.ACTIVE:
            return "green"
        case CampaignStatus.PAUSED:
            return "orange"
        case _:
            return "gray"


def _buttons(client: ConsoleClient, campaign: CampaignDetail) -> None:
    name = plain(campaign.name)
    match campaign.status:
        case CampaignStatus.ARCHIVED:
            return
        case CampaignStatus.ACTIVE:
            if st.button("Pause", key="campaigns.pause", icon=":material/pause:"):
                _do(
                    client.pause,
                    campaign,
                    f"{name} is paused: it finds, pays and sends nothing; answers are still read.",
                )
        case CampaignStatus.PAUSED:
            if st.button("Resume", key="campaigns.resume", icon=":material/play_arrow:", type="primary"):
                _do(client.resume, campaign, f"{name} goes on.")
        case _:
            if st.button("Activate", key="campaigns.activate", icon=":material/play_arrow:", type="primary"):
                _do(client.activate, campaign, f"{name} is active, in {mode(dry_run=campaign.dry_run)}.")
    question = (
        f"Archive **{name}**? This is final: it never works again, mails that are planned are not sent, and its name "
        "becomes free. Its people and figures can still be read."
    )
    if confirmed("Archive", question, key="campaigns.archive", verb="Archive for good"):
        _do(client.archive, campaign, f"{name} is archived.")


def _do(act: Callable[[str | int], CampaignDetail], campaign: CampaignDetail, text: str) -> None:
    with told():
        act(campaign.id)
        done(text)
        st.rerun()

"""Editing what Create New sets: first the form, then the difference in words, and only then it is saved.

Saved is only what the visitor changed. Where somebody else changed the campaign meanwhile, that is shown first.
"""

from difflib import unified_diff
from functools import partial

import streamlit as st

from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.ui.acting import act_button
from camd.ui.change_warnings import warnings
from camd.ui.definition_change import Change, body_of, changes, patch_of
from camd.ui.definition_form import definition_form
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, plain

_LONG = 120
"""Characters up to which a value stands in the table."""


def show(client: ConsoleClient, campaign: CampaignDetail) -> None:
    """The form begins with the definition as it was when the visitor opened it, kept in the session."""
    if campaign.status is CampaignStatus.ARCHIVED:
        st.info("The campaign is archived: nothing of it can be changed any more.")
        return
    key = f"campaign_edit.{campaign.id}"
    present = body_of(campaign)
    begun: CampaignBody = st.session_state.setdefault(f"{key}.begun", present)
    attempt: int = st.session_state.setdefault(f"{key}.attempt", 0)
    wanted = definition_form(client, begun, key=f"{key}.{attempt}")
    if wanted is None:
        st.info("Mend what is marked above; then the difference is shown here.")
        return
    own, foreign = changes(begun, wanted), changes(begun, present)
    if foreign and not own:
        _begin_anew(key)
        st.rerun()
    _say_meanwhile(own, foreign)
    if not own:
        st.info("Nothing is changed yet. What you change above is shown here before it is saved.")
        return
    st.subheader("What changes", anchor=False)
    _table(own)
    for text in warnings(begun, wanted):
        st.warning(text)
    with st.container(horizontal=True):
        is_asked = st.button(f"Save {count(len(own), 'change')}", key="campaign_edit.save", type="primary")
        act_button("Discard", partial(_begin_anew, key), key="campaign_edit.discard")
    is_shown = st.session_state.get(f"{key}.shown") == own
    st.session_state[f"{key}.shown"] = own
    if is_asked and is_shown:
        _save(client, campaign, key, patch_of(begun, wanted))
    elif is_asked:
        st.warning("What you typed last is among the changes now, and nothing was saved. Look, and save again.")


def _save(client: ConsoleClient, campaign: CampaignDetail, key: str, patch: CampaignPatch) -> None:
    with told():
        saved = client.change_campaign(campaign.id, patch)
        _begin_anew(key)
        done(f"{plain(saved.name)} was saved.")
        st.rerun()


def _begin_anew(key: str) -> None:
    """The next form has other keys, so that it begins with what is stored then."""
    st.session_state.pop(f"{key}.begun", None)
    st.session_state[f"{key}.attempt"] += 1


def _say_meanwhile(own: list[Change], foreign: list[Change]) -> None:
    if not foreign:
        return
    st.warning("**Somebody changed this campaign since you began.** What they changed stays, unless you change it too.")
    _table(foreign)
    both = [change.field for change in own if change.field in {other.field for other in foreign}]
    if both:
        st.warning(f"You both changed: {plain(', '.join(both))}. Saving puts yours in place of theirs.")


def _table(found: list[Change]) -> None:
    """Long texts stand below it, line by line."""
    short = [change for change in found if not _is_long(change)]
    if short:
        rows = [
            {"Field": plain(change.field), "Now": plain(change.now), "Then": plain(change.then)} for change in short
        ]
        st.table(rows, hide_index=True)
    for change in found:
        if _is_long(change):
            st.markdown(f"**{plain(change.field)}** (- now, + then)")
            st.code(_lines(change), language="diff", wrap_lines=True)


def _lines(change: Change) -> str:
    """Without the figures by which a program would find the place."""
    _, _, _, *lines = unified_diff(change.now.split("\n"), change.then.split("\n"), lineterm="", n=2)
    return "\n".join("…" if line.startswith("@@") else line for line in lines)


def _is_long(change: Change) -> bool:
    return any("\n" in text or len(text) > _LONG for text in (change.now, change.then))

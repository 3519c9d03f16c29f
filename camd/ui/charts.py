"""The chart that the dashboard and a campaign share."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from camd.schema.outlook import PlannedDay
from camd.ui.words import day


def planned_mails(planned: Sequence[PlannedDay], *, none: str, **how: Any) -> None:
    """First mails and follow-ups by day, or `none` where there are none; `how` are arguments of Streamlit's own."""
    if not any(each.first or each.follow_ups for each in planned):
        st.caption(none)
        return
    rows = [{"day": day(each.day), "first mails": each.first, "follow-ups": each.follow_ups} for each in planned]
    st.bar_chart(rows, x="day", y=["first mails", "follow-ups"], sort=False, **how)
    st.caption("As far as they are planned: an answer, a limit or a hold may still stop each.")

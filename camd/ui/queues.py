"""Lists of what waits for a decision: what was decided about leaves them, and what comes is shown when their reader
says so, for nothing may move under their hands."""

from collections.abc import Callable, Collection
from typing import TypeVar

import streamlit as st

from camd.schema.inbound import Inbound
from camd.schema.page import Page
from camd.schema.touch import Touch
from camd.ui.asking import paged
from camd.ui.notices import told
from camd.ui.words import count

LOOK_EVERY = "5s"


T = TypeVar("T", Inbound, Touch)


def queued(read: Callable[[str | None], Page[T]], *, key: str) -> list[T]:
    """As `paged`; behind a page that was emptied stands the first one."""
    items = paged(read, key=key)
    is_first = len(st.session_state[f"{key}.cursors"]) == 1
    if not items and not is_first:
        del st.session_state[f"{key}.cursors"]
        st.rerun()
    if is_first:
        _newcomers(read, {item.id for item in items}, key)
    return items


@st.fragment(run_every=LOOK_EVERY)
def _newcomers(read: Callable[[str | None], Page[T]], shown: Collection[str], key: str) -> None:
    """Where nothing is shown there is nothing to disturb."""
    with told():
        new = {item.id for item in read(None).items}.difference(shown)
        if new and not shown:
            st.rerun()
        if new and st.button(f"Show {count(len(new), 'new one')}", key=f"{key}.newcomers", type="primary"):
            st.rerun()

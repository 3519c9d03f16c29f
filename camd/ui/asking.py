"""A question before something that cannot be taken back, and reading a list page by page."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from camd.schema.page import Page

T = TypeVar("T")


def confirmed(label: str, question: str, *, key: str, verb: str, disabled: bool = False) -> bool:
    """A button that opens `question`; true once, in the run in which `verb` is pressed there."""
    with st.popover(label, disabled=disabled):
        st.markdown(question)
        return st.button(verb, key=key, type="primary")


def paged(read: Callable[[str | None], Page[T]], *, key: str) -> list[T]:
    """The page that was chosen by the buttons below it; `read` takes a cursor. Change `key` with the filter, so that
    another list begins at its first page."""
    cursors: list[str | None] = st.session_state.setdefault(f"{key}.cursors", [None])
    page = read(cursors[-1])
    with st.container(horizontal=True):
        if len(cursors) > 1 and st.button("Newer", key=f"{key}.newer"):
            cursors.pop()
            st.rerun()
        if page.next is not None and st.button("Older", key=f"{key}.older"):
            cursors.append(page.next)
            st.rerun()
    return page.items

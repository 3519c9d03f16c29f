"""A question before something that cannot be taken back, and reading a list page by page."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from camd.schema.page import Page

T = TypeVar("T")


def confirmed(label: str, question: str, *, key: str, verb: str, disabled: bool = False) -> bool:
    """A button that opens `question`; true once, in the run in which `verb` is pressed there."""
    turn = turn_of(key)
    with st.popover(label, disabled=disabled, key=f"{key}.question.{turn}"):
        st.markdown(question)
        is_answered = st.button(verb, key=key_of(key, turn), type="primary")
    return is_answered and end_turn(key, turn)


def turn_of(key: str) -> int:
    """How often the question of `key` was answered. With another turn it is another question to the browser: the one
    that was answered closes, and the second press of a double click meets nothing."""
    return int(st.session_state.get(f"{key}.turn", 0))


def key_of(key: str, turn: int) -> str:
    return f"{key}.{turn}" if turn else key


def end_turn(key: str, turn: int) -> bool:
    """False where it has ended already."""
    is_first = turn_of(key) == turn
    st.session_state[f"{key}.turn"] = turn + 1
    return is_first


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

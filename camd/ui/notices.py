"""What the console tells a person: what was done, and in words what could not be, with the mend."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from camd.client.errors import ApiError, Unreachable
from camd.schema.problem import TYPE_PREFIX, Problem
from camd.ui.words import plain

_DONE = "notices.done"
_OVERTAKEN = f"{TYPE_PREFIX}illegal-move"
"""The console offers only what is possible: what is so no more was decided about meanwhile."""


def done(text: str) -> None:
    """Shown after the next run: at the top of the page, and for a moment wherever its reader is."""
    st.session_state.setdefault(_DONE, []).append(text)


def show_done() -> None:
    for text in st.session_state.pop(_DONE, []):
        st.success(text)
        st.toast(text)


@contextmanager
def told() -> Iterator[None]:
    """What camd refuses in the block, or that it does not answer, is told in place of what is missing."""
    try:
        yield
    except ApiError as refusal:
        show_problem(refusal.problem)
    except Unreachable:
        st.error("camd does not answer. What you see here comes back by itself as soon as it does.")


def show_problem(problem: Problem) -> None:
    """Title, mend, and each field or finding of it; the fields say all that the detail does."""
    st.error(f"**{plain(problem.title)}** {_detail(problem)}")
    for wrong in problem.errors:
        st.warning(f"**{plain(wrong.field)}**: {plain(wrong.message)}")
    for finding in problem.findings:
        st.warning(f"**{plain(finding.message)}** {plain(finding.mend)}")


def _detail(problem: Problem) -> str:
    if problem.errors:
        return ""
    if problem.type == _OVERTAKEN:
        return "Somebody else, or camd itself, was faster: look how it stands now, and decide again."
    return plain(problem.detail)

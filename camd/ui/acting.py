"""Buttons that act on what their visitor saw.

They act before the page is read anew: a text that changed meanwhile, or an item that somebody else has decided about,
makes a click neither mean something else nor vanish without a word.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from camd.ui.asking import end_turn, key_of, turn_of
from camd.ui.notices import done, told

Act = Callable[[], str | None]
"""What to do; answers what happened in words, none where there is nothing to tell or `warn` told it."""


def act_button(label: str, act: Act, *, key: str, primary: bool = False) -> None:
    st.button(label, key=key, type="primary" if primary else "secondary", on_click=_run, args=(act,))


def act_submit(label: str, act: Act, *, key: str) -> None:
    """The button of a form; `act` reads the form's fields from the session."""
    st.form_submit_button(label, key=key, type="primary", on_click=_run, args=(act,))


def act_confirmed(label: str, question: str, act: Act, *, key: str, verb: str) -> None:
    """A button that opens `question`; there, `verb` acts, once."""
    turn = turn_of(key)
    with st.popover(label, key=f"{key}.question.{turn}"):
        st.markdown(question)
        act_button(verb, partial(_act_once, act, key, turn), key=key_of(key, turn), primary=True)


def _act_once(act: Act, key: str, turn: int) -> str | None:
    return act() if end_turn(key, turn) else None


def warn(text: str) -> None:
    """What an `Act` left undone, and why."""
    st.warning(text)
    st.toast(text, icon=":material/warning:")


def _run(act: Act) -> None:
    """A refusal stands on top of the page, and is told for a moment where it is seen from further down, too."""
    is_done = False
    with told():
        if said := act():
            done(said)
        is_done = True
    if not is_done:
        st.toast("That was not done: the top of the page says why.", icon=":material/warning:")

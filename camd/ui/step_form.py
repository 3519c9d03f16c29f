"""The steps of a sequence: add, take away, move, and write what each says."""

from dataclasses import fields

import streamlit as st

from camd.domain.campaign import Channel
from camd.domain.facts import Facts
from camd.schema.definition_parts import StepBody, default_wait
from camd.ui.rows import Rows
from camd.ui.sheet import Sheet

CHANNELS = {Channel.EMAIL: "mail", Channel.TASK: "task for a person"}
_NOT_FOR_TEXTS = frozenset({"custom", "source", "source_ref", "expected_mrr", "consent", "tags"})
FIRST_STEP = StepBody.model_construct(channel=Channel.EMAIL, wait_days=None, subject="", body="")
"""A step that is still to be written."""


def steps(sheet: Sheet) -> None:
    rows = Rows(f"{sheet.key}.steps", len(sheet.start["steps"]))
    numbers = rows.numbers()
    sheet.typed["steps"] = []
    _variables()
    with st.container():
        for place, number in enumerate(numbers):
            start = sheet.start["steps"][number] if rows.is_given(number) else FIRST_STEP.model_dump()
            with st.container(border=True):
                _step(sheet.row("steps", number, start), place + 1)
                rows.buttons(place, "step")
        if not numbers:
            st.caption("No step yet: nobody would be written to.")
    rows.adder("Add a step")
    sheet.place_for("steps", "Steps")


def _step(step: Sheet, position: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        step.choice("channel", f"Step {position}", list(Channel), format_func=CHANNELS.__getitem__)
        if position == 1:
            step.typed["wait_days"] = step.start["wait_days"]
        else:
            step.amount(
                "wait_days",
                f"Step {position}: working days after the one before",
                most=365.0,
                format="%g",
                placeholder=f"{default_wait(position)}",
            )
    if position == 1:
        st.caption("The first step goes once a lead is known and checked, best leads first.")
    is_mail = step.typed["channel"] is Channel.EMAIL
    step.line(
        "subject",
        f"Step {position}: subject" if is_mail else f"Step {position}: what to do",
        placeholder="A question about {{ company }}" if position == 1 else "empty: answers in the same thread",
        max_chars=500,
    )
    step.text("body", f"Step {position}: text", height=220, max_chars=100_000)


def _variables() -> None:
    """What a text may use; what a lead lacks holds that lead back, and says so."""
    names = [f"`{{{{ {field.name} }}}}`" for field in fields(Facts) if field.name not in _NOT_FOR_TEXTS]
    with st.expander("What may stand in the texts"):
        st.markdown(
            f"Of the lead: {' '.join(names)}, and `{{{{ custom.<name> }}}}` for other columns of a list.\n\n"
            "Of you: `{{ sender.name }}` `{{ sender.company }}` `{{ sender.postal_address }}`. Of the campaign: "
            "`{{ campaign.name }}` `{{ campaign.target_niche }}` `{{ campaign.service_key }}`.\n\n"
            "A lead that lacks a fact which a text uses waits until it is known. "
            "`{{ first_name | default('there') }}` says something else instead.\n\n"
            "camd adds your address and how to be left alone below each mail."
        )

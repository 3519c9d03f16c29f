"""A campaign in words before it is created: what it will do, and how fast its limits let it go."""

from collections.abc import Iterator, Mapping

import streamlit as st

from camd.domain.campaign import AutonomyMode, Channel, GoalCounts
from camd.domain.token_bucket import QuotaScope
from camd.schema.definition import CampaignBody
from camd.schema.definition_parts import WORKING_DAYS, StepBody, default_wait
from camd.schema.draft import Capacity
from camd.ui.csv_upload import CsvFile
from camd.ui.words import count, listed, money, number, plain
from camd.ui.words import told as as_words

EXAMPLE = 100
"""People that the arithmetic is for while there is no list."""
_BINDS: Mapping[QuotaScope, str] = {
    QuotaScope.CAMPAIGN: "the campaign's own limit of mails a day",
    QuotaScope.MAILBOX_DAY: "what the mailboxes may send a day (a mailbox in its ramp gains 2 after each clean day)",
    QuotaScope.MAILBOX_PACE: "the pace of the mailboxes within the hours of the window",
    QuotaScope.INSTANCE: "the limit of all campaigns of this camd together",
}


def show_summary(body: CampaignBody, file: CsvFile | None) -> None:
    st.markdown("\n".join(f"- {line}" for line in _lines(body, file)))


def _lines(body: CampaignBody, file: CsvFile | None) -> Iterator[str]:
    is_usual = body.window.days == WORKING_DAYS
    days = "Monday to Friday" if is_usual else listed(day.capitalize() for day in body.window.days)
    hours = f"{plain(body.window.start)} to {plain(body.window.end)} on the recipients' clocks"
    yield f"**{plain(body.name)}** writes at most {count(body.daily_email_limit, 'mail')} a day, {days}, {hours}."
    yield _goal(body)
    yield _people(body, file)
    yield _sequence(body.steps)
    first = body.autonomy.approve_first
    if body.autonomy.mode is AutonomyMode.APPROVE and first:
        mails = "mail waits" if first == 1 else f"{first:,} mails wait"
        yield f"Once it is live, the first {mails} for your approval."
    else:
        yield "Once it is live, mails go out without waiting for anybody."


def _goal(body: CampaignBody) -> str:
    counted = "signed" if body.goal_counts is GoalCounts.WON else "qualified or signed"
    targets = [f"{count(body.target_clients, 'client')} {counted}"] if body.target_clients else []
    if body.target_mrr:
        targets.append(f"{money(body.target_mrr, plain(body.currency or 'of revenue'))} a month")
    if not targets:
        return "It has no target: it goes on until all leads are finished."
    return f"It pauses by itself at {' and '.join(targets)}."


def _people(body: CampaignBody, file: CsvFile | None) -> str:
    found = [f"{count(file.check.added, 'person', 'people')} from {plain(file.name)}"] if file else []
    if body.sources:
        named = plain(listed(source.type for source in body.sources))
        found.append(f"whom {count(len(body.sources), 'source finds', 'sources find')} ({named})")
    return (
        f"People: {' and '.join(found)}." if found else "People: none yet. Add a list or a source in part 5, or later."
    )


def _sequence(steps: tuple[StepBody, ...]) -> str:
    if not steps:
        return "It has no step yet, so nobody is written to."
    told = []
    for position, step in enumerate(steps, 1):
        what = "a mail" if step.channel is Channel.EMAIL else "a task"
        wait = default_wait(position) if step.wait_days is None else step.wait_days
        days = "working day" if wait == 1 else "working days"
        told.append(what if position == 1 else f"{what} {number(wait)} {days} later")
    return f"Steps: {', '.join(told)}; any answer ends them."


def show_capacity(capacity: Capacity | None, people: int, *, is_example: bool) -> None:
    """Arithmetic, not a forecast."""
    if capacity is None:
        st.caption("How fast it goes can be told once there is a mail among the steps, and a mailbox.")
        return
    with st.container(horizontal=True):
        st.metric("Mails on day 1", f"{capacity.day_1:,}", border=True)
        st.metric("Mails in week 1", f"{capacity.week_1:,}", border=True)
        days = "over 10 years" if capacity.working_days is None else f"{capacity.working_days:,}"
        st.metric("Working days until all are written to", days, border=True)
    st.markdown(f"{_for_whom(people, is_example=is_example)} {_binding(capacity.binding)}")
    st.caption("Arithmetic for everybody getting every step, follow-ups first; answers make it fewer mails.")


def _for_whom(people: int, *, is_example: bool) -> str:
    return f"For {count(people, 'person', 'people')}{', as an example' if is_example else ''}."


def _binding(scope: QuotaScope | None) -> str:
    if scope is None:
        return "No limit leaves a first mail over for another day."
    limit = _BINDS.get(scope, as_words(scope))
    return f"The limit that binds is {limit}: raise it or add a mailbox if this is too slow."

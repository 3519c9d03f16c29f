"""What a person may decide about a lead, as far as its status allows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import streamlit as st
from pydantic import ValidationError

from camd.domain.lead import Authority, LeadEvent, LeadState, Lost, LostReason, Qualified, Reopened, Won, find_move
from camd.domain.send_window import day_bounds
from camd.schema.campaign import CampaignDetail
from camd.schema.lead import HoldBody, Lead, LeadPatch, LostBody, NoteBody, WonBody
from camd.schema.problem import FieldProblem, field_problems
from camd.ui import lead_facts
from camd.ui.asking import confirmed
from camd.ui.downloads import on_request
from camd.ui.lead_words import LOST, name_of
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import plain

_BY_ERASING = frozenset({LostReason.ERASED})


def show(client: ConsoleClient, lead: Lead, campaign: CampaignDetail) -> None:
    with st.container(horizontal=True, key=f"lead.actions.{lead.id}"):
        if _may(lead, Qualified(Authority.OPERATOR)):
            _qualify(client, lead)
        if _may(lead, Won(Decimal(0))):
            _win(client, lead, campaign.currency)
        if _may(lead, Lost(LostReason.OPERATOR, Authority.OPERATOR)):
            _lose(client, lead)
            _hold(client, lead, campaign.timezone)
        if lead.holds and st.button("Release", key=f"lead.release.{lead.id}"):
            _do(lambda: client.release(lead.id), "is no longer on hold.", lead)
        if _may(lead, Reopened()) and st.button("Reopen", key=f"lead.reopen.{lead.id}"):
            _do(lambda: client.reopen(lead.id), "is open again.", lead)
        _export(client, lead)
        if lead.status_reason not in _BY_ERASING:
            _erase(client, lead)


def edit(client: ConsoleClient, lead: Lead) -> None:
    """The facts in a form; only those that were changed are sent."""
    if lead.status_reason in _BY_ERASING:
        return
    with st.expander("Edit facts", icon=":material/edit:"), st.form(f"lead.facts.{lead.id}", border=False):
        typed = lead_facts.fields(lead)
        if st.form_submit_button("Save", type="primary", key=f"lead.edit.{lead.id}"):
            with checked():
                patch = LeadPatch.model_validate(lead_facts.as_patch(typed, lead))
                _do(lambda: client.change_lead(lead.id, patch), "was changed.", lead)


@contextmanager
def checked() -> Iterator[None]:
    """What a form's values are not is told in it."""
    try:
        yield
    except ValidationError as error:
        for wrong in field_problems(error):
            _tell(wrong)


def _tell(wrong: FieldProblem) -> None:
    st.warning(f"**{plain(lead_facts.LABELS.get(wrong.field, wrong.field))}**: {plain(wrong.message)}")


def _may(lead: Lead, event: LeadEvent) -> bool:
    return find_move(LeadState(lead.status, lead.status_reason), event) is not None


def _qualify(client: ConsoleClient, lead: Lead) -> None:
    with st.popover("Qualified"), st.form(f"lead.qualified.{lead.id}", border=False):
        st.markdown("They are interested: the lead counts toward the goal, and no further mail goes out by itself.")
        note = _note()
        if st.form_submit_button("Mark as qualified", type="primary", key=f"lead.qualify.{lead.id}"):
            with checked():
                body = NoteBody(note=note)
                _do(lambda: client.qualify(lead.id, body), "is qualified.", lead)


def _win(client: ConsoleClient, lead: Lead, currency: str) -> None:
    with st.popover("Won"), st.form(f"lead.wins.{lead.id}", border=False):
        st.markdown("They signed.")
        label = f"Revenue a month in {plain(currency)}"
        mrr = st.number_input(label, 0.0, None, None, help="Empty: what was expected of them.")
        note = _note()
        if st.form_submit_button("Mark as won", type="primary", key=f"lead.won.{lead.id}"):
            with checked():
                body = WonBody(mrr=None if mrr is None else Decimal(str(mrr)), note=note)
                _do(lambda: client.won(lead.id, body), "is won.", lead)


def _lose(client: ConsoleClient, lead: Lead) -> None:
    with st.popover("Lost"), st.form(f"lead.loses.{lead.id}", border=False):
        reason = st.selectbox(
            "Why",
            [LostReason.OPERATOR, *(reason for reason in LOST if reason not in {LostReason.OPERATOR, *_BY_ERASING})],
            format_func=LOST.__getitem__,
            help="No more mail, a complaint, a bounce or a person who may not be written to: nobody writes to the "
            "address any more, in any campaign.",
        )
        note = _note()
        if st.form_submit_button("Mark as lost", type="primary", key=f"lead.lost.{lead.id}"):
            with checked():
                body = LostBody(reason=reason, note=note)
                _do(lambda: client.lost(lead.id, body), "is lost.", lead)


def _hold(client: ConsoleClient, lead: Lead, zone: str) -> None:
    with st.popover("Hold"), st.form(f"lead.holds.{lead.id}", border=False):
        st.markdown("Nothing is sent to them meanwhile.")
        reason = st.text_input("Why") or None
        until = st.date_input("Until that day begins", None, help="Empty: until you release it.")
        if st.form_submit_button("Put on hold", type="primary", key=f"lead.hold.{lead.id}"):
            with checked():
                body = HoldBody(reason=reason, until=day_bounds(until, zone)[0] if until else None)
                _do(lambda: client.hold(lead.id, body), "is on hold.", lead)


def _note() -> str | None:
    return st.text_input("Note", help="Kept among their facts.").strip() or None


def _export(client: ConsoleClient, lead: Lead) -> None:
    def read() -> bytes:
        return client.export_lead(lead.id).model_dump_json(indent=2).encode()

    with st.popover("Export"):
        st.markdown("Everything that is kept of them in this campaign, as JSON. The ledger notes that it was taken.")
        key = f"lead.export.{lead.id}"
        on_request("Read it all", read, file_name=f"{lead.id}.json", mime="application/json", key=key)


def _erase(client: ConsoleClient, lead: Lead) -> None:
    question = (
        f"Erase **{plain(name_of(lead))}**? Their facts, mails and answers in this campaign are emptied for good, and "
        "nobody writes to their address any more. This cannot be taken back."
    )
    if confirmed("Erase", question, key=f"lead.erase.{lead.id}", verb="Erase for good"):
        _do(lambda: client.erase_lead(lead.id), "was erased.", lead)


def _do(act: Callable[[], Lead], what: str, lead: Lead) -> None:
    with told():
        act()
        done(f"{plain(name_of(lead))} {what}")
        st.rerun()

"""The tab Create New: a campaign part by part, tried out on a real person, and created in dry run."""

from http import HTTPStatus

import streamlit as st

from camd.client.errors import ApiError
from camd.domain.campaign import CampaignStatus
from camd.schema.definition import CampaignBody
from camd.schema.draft import DraftBody, DraftReport
from camd.schema.lead import LeadBody
from camd.schema.problem import FieldProblem
from camd.ui import creation, draft_preview, draft_summary
from camd.ui.csv_upload import CsvFile, csv_upload, is_chosen
from camd.ui.definition_form import begin, goal, limits, mailboxes, part, people, who_and_what
from camd.ui.notices import told
from camd.ui.rules_form import fine_tuning
from camd.ui.sheet import Sheet
from camd.ui.step_form import FIRST_STEP, steps
from camd.ui.visitor import ConsoleClient

START = CampaignBody.model_construct(name="", steps=(FIRST_STEP,))
"""It is not valid yet: its name and the text of its mail are still needed."""


def show(client: ConsoleClient) -> None:
    if (made := creation.made()) is not None:
        creation.show(client, made)
        return
    st.caption(
        "Part by part, with defaults that are right for most. Nothing is stored before you press **Create in dry run** "
        "at the end, and nobody is written to before you take the campaign live."
    )
    key = creation.key()
    sheet = begin(START, key=key)
    with part("1 · Who and what"):
        who_and_what(sheet)
    with part("2 · Goal"):
        goal(sheet)
    with part("3 · Limits and window"):
        limits(sheet)
    with part("4 · Mailboxes"):
        mailboxes(sheet, client.mailboxes().items)
    with part("5 · People"):
        file = csv_upload(client, key=creation.csv_key(), campaign=None)
        people(sheet, client)
    with part("6 · Steps"):
        steps(sheet)
        preview = st.container()
    with part("7 · Fine tuning"):
        fine_tuning(sheet)
    with preview:
        st.markdown("**As a person would get it**")
        person = draft_preview.ask_for_person(file, key=f"{key}.preview")
    with part("8 · Summary"):
        body = sheet.body()
        report = _tried(client, sheet, body, person, file) if body else None
        if body is not None:
            _summary(client, body, file, report)
    with preview:
        _show_preview(report, person)


def _tried(
    client: ConsoleClient, sheet: Sheet, body: CampaignBody, person: LeadBody | None, file: CsvFile | None
) -> DraftReport | None:
    """None where camd would refuse it, which is told at the fields."""
    leads = file.check.added if file else draft_summary.EXAMPLE
    with told():
        if not creation.is_asked(body) and _is_taken(client, body.name):
            sheet.tell([FieldProblem(field="name", message="another campaign has this name; give another one")])
            return None
        try:
            return client.check_draft(DraftBody(campaign=body, lead=person, leads=leads))
        except ApiError as refusal:
            if not refusal.problem.errors:
                raise
            sheet.tell(refusal.problem.errors)
    return None


def _is_taken(client: ConsoleClient, name: str) -> bool:
    """An archived campaign has given its name back."""
    try:
        return client.campaign(name).status is not CampaignStatus.ARCHIVED
    except ApiError as refusal:
        if refusal.problem.status == HTTPStatus.NOT_FOUND:
            return False
        raise


def _show_preview(report: DraftReport | None, person: LeadBody | None) -> None:
    if person is None:
        st.caption("Take a list in part 5, or type who somebody is, to read the mails as they would get them.")
    elif report is None:
        st.caption("Shown as soon as nothing is wrong any more; what is, stands in part 8.")
    elif not report.mails:
        st.caption("Add a step to see its text.")
    else:
        draft_preview.show_mails(report.mails)


def _summary(client: ConsoleClient, body: CampaignBody, file: CsvFile | None, report: DraftReport | None) -> None:
    draft_summary.show_summary(body, file)
    if report is not None:
        people = file.check.added if file else draft_summary.EXAMPLE
        draft_summary.show_capacity(report.capacity, people, is_example=file is None)
    is_unread = file is None and is_chosen(creation.csv_key())
    if is_unread:
        st.warning("The list of part 5 could not be read: mend what is told there, or take another file.")
    is_ready = report is not None and not is_unread
    if st.button("Create in dry run", key="create.create", type="primary", disabled=not is_ready):
        creation.create(client, body, file)

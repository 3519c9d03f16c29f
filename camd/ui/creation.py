"""Creating a campaign and then importing its list; what is done stays done when the second part fails."""

import hashlib
from dataclasses import dataclass, replace
from io import BytesIO

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from camd.schema.definition import CampaignBody
from camd.schema.imports import ImportReport
from camd.ui.csv_upload import CsvFile, forget_csv
from camd.ui.notices import done, told
from camd.ui.opening import open_campaign
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, plain

_ASKED = "create.asked"
_MADE = "create.made"
_NUMBER = "create.number"


@dataclass(frozen=True, slots=True)
class Made:
    """The campaign that was created last; `file` is the list that it is still to get."""

    campaign_id: int
    name: str
    file: CsvFile | None
    was_tried: bool = False
    report: ImportReport | None = None
    is_active: bool = False


def made() -> Made | None:
    found: Made | None = st.session_state.get(_MADE)
    return found


def key() -> str:
    """Begins the keys of the form; another one after each campaign, so that the next form is empty."""
    return f"create.{st.session_state.get(_NUMBER, 0)}"


def csv_key() -> str:
    return f"{key()}.csv"


def create(client: ConsoleClient, body: CampaignBody, file: CsvFile | None) -> None:
    """Pressed again after a lost answer, it creates nothing twice."""
    st.session_state[_ASKED] = asked = _once(body.model_dump_json().encode())
    with told():
        campaign = client.create_campaign(body, key=asked)
        st.session_state[_MADE] = Made(campaign.id, campaign.name, file)
        forget_csv(csv_key())
        st.rerun()


def is_asked(body: CampaignBody) -> bool:
    """It may exist by now, where the answer was lost; pressing again is the way to know."""
    return st.session_state.get(_ASKED) == _once(body.model_dump_json().encode())


def show(client: ConsoleClient, made: Made) -> None:
    st.success(f"The campaign **{plain(made.name)}** was created in dry run.")
    if made.file is not None:
        _import(client, made, made.file)
    if made.report is not None:
        _tell(made.report)
    _next(client, made)


def _import(client: ConsoleClient, made: Made, file: CsvFile) -> None:
    """At once, and again whenever it is asked for until it is done."""
    is_asked = made.was_tried and st.button("Import the list again", key="create.import", type="primary")
    if made.was_tried and not is_asked:
        st.warning(
            f"The campaign exists, but {plain(file.name)} is not imported yet. Nothing is lost: import it again here, "
            "or later in Campaigns under Files."
        )
        return
    st.session_state[_MADE] = replace(made, was_tried=True)
    _try_to_import(client, made, file)
    st.button("Import the list again", key="create.import", type="primary")


def _try_to_import(client: ConsoleClient, made: Made, file: CsvFile) -> None:
    with told(), st.spinner(f"Importing {plain(file.name)}…"):
        report = client.import_leads(
            made.campaign_id, BytesIO(file.data), mapping=file.mapping, file_name=file.name, key=_once(file.data)
        )
        st.session_state[_MADE] = replace(made, file=None, report=report)
        st.rerun()


def _tell(report: ImportReport) -> None:
    st.markdown(f"{count(report.added, 'person', 'people')} of {count(report.rows, 'line')} were added.")
    left_out = report.rows - report.added
    if left_out:
        st.caption(
            f"{report.duplicates:,} were known already, {report.suppressed:,} may not be written to, "
            f"{len(report.rejected):,} could not be used."
        )


def _next(client: ConsoleClient, made: Made) -> None:
    if made.is_active:
        st.markdown(
            "It is active, in dry run: people are looked for and checked, and their mails are written as previews. "
            "Nobody gets one."
        )
    else:
        st.markdown("It is a draft. Activate it to see its dry run: people are checked, and mails written as previews.")
    st.markdown("What next: read its previews in **Campaigns**, send yourself a test mail, then take it live there.")
    with st.container(horizontal=True):
        if not made.is_active and st.button("Activate it now", key="create.activate", type="primary"):
            _activate(client, made)
        st.button("Open it in Campaigns", key="create.open", on_click=_open, args=(made.campaign_id,))
        st.button("Create another", key="create.another", on_click=_begin_anew)


def _activate(client: ConsoleClient, made: Made) -> None:
    with told():
        client.activate(made.campaign_id)
        st.session_state[_MADE] = replace(made, is_active=True)
        done(f"{plain(made.name)} is active, in dry run.")
        st.rerun()


def _open(campaign_id: int) -> None:
    open_campaign(campaign_id)
    _begin_anew()


def _begin_anew() -> None:
    st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
    del st.session_state[_MADE]


def _once(content: bytes) -> str:
    """The same for the same content in the same form of the same visitor."""
    context = get_script_run_ctx()
    visit = context.session_id if context else ""
    return hashlib.sha256(f"{visit}.{key()}.".encode() + content).hexdigest()

"""What goes into a campaign as files and what comes out: imports, which can be taken back, exports, and the client's
report."""

from functools import partial
from hashlib import sha256
from io import BytesIO

import streamlit as st

from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.figures import ReportFormat
from camd.schema.imports import Import, ImportReport
from camd.ui.asking import confirmed, paged
from camd.ui.csv_upload import CsvFile, csv_upload, forget_csv
from camd.ui.downloads import on_request
from camd.ui.event_words import by_whom
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, moment, plain

_UPLOAD = "files.import"
_REPORT = "files.report"


def show(client: ConsoleClient, campaign: CampaignDetail) -> None:
    st.subheader("More people from a CSV", anchor=False)
    if campaign.status is CampaignStatus.ARCHIVED:
        st.info("The campaign is archived: nobody is added to it any more.")
    else:
        _import(client, campaign)
    st.subheader("Imports so far", anchor=False)
    _imports(client, campaign)
    st.subheader("Take out", anchor=False)
    _exports(client, campaign)
    st.subheader("Report for the client", anchor=False)
    _report(client, campaign)


def _import(client: ConsoleClient, campaign: CampaignDetail) -> None:
    key = f"{_UPLOAD}.{campaign.id}"
    report: ImportReport | None = st.session_state.get(f"{key}.report")
    if report is not None:
        _tell(report, key)
    file = csv_upload(client, key=key, campaign=campaign.id)
    if file is None or not st.button(
        f"Import {count(file.check.added, 'person', 'people')}",
        key=f"{key}.go",
        type="primary",
        disabled=not file.check.added,
    ):
        return
    with told(), st.spinner("Importing…"):
        st.session_state[f"{key}.report"] = client.import_leads(
            campaign.id,
            BytesIO(file.data),
            mapping=file.mapping,
            file_name=file.name,
            key=_once(client, campaign, file),
        )
        forget_csv(key)
        st.rerun()


def _once(client: ConsoleClient, campaign: CampaignDetail, file: CsvFile) -> str:
    """The same for a second click on the same file, another once an import was taken back."""
    undone = [each.id for each in client.imports(campaign=campaign.id).items if each.undone_at]
    mapping = sorted(file.mapping.items())
    return sha256(repr((campaign.id, undone, file.name, mapping)).encode() + file.data).hexdigest()


def _tell(report: ImportReport, key: str) -> None:
    """Of the import that was just made, until the visitor has read it."""
    parts = [
        f"{count(report.added, 'person was', 'people were')} added",
        f"{report.duplicates:,} were known already" if report.duplicates else "",
        f"{report.suppressed:,} may not be written to" if report.suppressed else "",
        f"{len(report.rejected):,} could not be used" if report.rejected else "",
    ]
    st.success(f"Of {count(report.rows, 'line')}, {', '.join(filter(None, parts))}.")
    if report.rejected:
        with st.expander("Lines that could not be used"):
            st.dataframe(
                [{"line": line.line, "reason": line.reason} for line in report.rejected],
                hide_index=True,
                alt="Lines of the file that did not become a lead, each with its reason",
            )
    if st.button("Done reading", key=f"{key}.read"):
        del st.session_state[f"{key}.report"]
        st.rerun()


def _imports(client: ConsoleClient, campaign: CampaignDetail) -> None:
    listed = st.container()
    with told():
        found = paged(
            lambda cursor: client.imports(campaign=campaign.id, limit=20, cursor=cursor),
            key=f"files.imports.{campaign.id}",
        )
        with listed:
            for each in found:
                _one(client, campaign, each)
            if not found:
                st.caption("None. People may come from sources too, or be added one by one under *Leads*.")


def _one(client: ConsoleClient, campaign: CampaignDetail, each: Import) -> None:
    name = each.file_name or each.id
    with st.container(border=True):
        by = by_whom(each.by)
        st.text(f"{name} · {moment(each.created_at, campaign.timezone)}" + (f", by {by}" if by else ""))
        st.caption(
            f"{count(each.rows, 'line')}: {each.added:,} added, {each.updated:,} updated, {each.duplicates:,} known "
            f"already, {each.suppressed:,} not to be written to, {each.rejected:,} could not be used."
        )
        if each.undone_at is not None:
            st.caption(f"Taken back on {plain(moment(each.undone_at, campaign.timezone))}.")
        elif each.finished_at is not None and each.added and campaign.status is not CampaignStatus.ARCHIVED:
            question = (
                f"Take back **{plain(name)}**? Of the {count(each.added, 'person', 'people')} that it added, everybody "
                "who was not written to yet is removed for good, not suppressed. The others stay."
            )
            if confirmed("Take back", question, key=f"files.undo.{each.id}", verb="Remove them"):
                _undo(client, each, name)


def _undo(client: ConsoleClient, each: Import, name: str) -> None:
    with told(), st.spinner("Taking it back…"):
        report = client.undo_import(each.id)
        st.session_state.pop(f"{_UPLOAD}.{each.campaign_id}.report", None)
        kept = f", {count(report.kept, 'person stays', 'people stay')}: they were written to" if report.kept else ""
        done(f"{plain(name)} was taken back: {count(report.removed, 'person was', 'people were')} removed{kept}.")
        st.rerun()


def _exports(client: ConsoleClient, campaign: CampaignDetail) -> None:
    def leads() -> bytes:
        client.export_leads(campaign.id, taken := BytesIO())
        return taken.getvalue()

    def answers() -> bytes:
        client.export_inbound(campaign.id, taken := BytesIO())
        return taken.getvalue()

    st.caption("The files hold personal data; the ledger notes that they were taken.")
    name = f"campaign-{campaign.id}"
    on_request("Leads as CSV", leads, file_name=f"{name}-leads.csv", mime="text/csv", key="files.leads")
    on_request("Answers as CSV", answers, file_name=f"{name}-answers.csv", mime="text/csv", key="files.answers")


def _report(client: ConsoleClient, campaign: CampaignDetail) -> None:
    st.caption("One page in the client's words. No person stands in it.")
    name = f"campaign-{campaign.id}-report"
    with st.expander("Read it", key=_REPORT, on_change="rerun") as opened:
        if opened.open:
            with told():
                st.code(client.report(campaign.id), language=None, wrap_lines=True)
    for kind, what, mime in (
        (ReportFormat.MD, "text (Markdown)", "text/markdown"),
        (ReportFormat.CSV, "table (CSV)", "text/csv"),
    ):
        on_request(
            f"Report as {what}",
            partial(_printed, client, campaign, kind),
            file_name=f"{name}.{kind}",
            mime=mime,
            key=f"{_REPORT}.{kind}",
        )


def _printed(client: ConsoleClient, campaign: CampaignDetail, kind: ReportFormat) -> bytes:
    return client.report(campaign.id, format=kind).encode()

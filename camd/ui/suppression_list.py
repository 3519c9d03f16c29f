"""Whom nobody writes to again: looked through, added to one by one or from a file, and taken back."""

import streamlit as st

from camd.domain.suppression import SuppressionReason, removable
from camd.schema.suppression import Suppression, SuppressionBody, SuppressionImport
from camd.ui.asking import confirmed, paged
from camd.ui.notices import done, told
from camd.ui.suppression_words import GIVEN, REASONS
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, moment, plain

PAGE = 50
_REPORT = "suppressions.report"


def show(client: ConsoleClient) -> None:
    one, file = st.columns(2)
    with one, st.expander("Add one", key="suppressions.add", icon=":material/person_off:"):
        _add(client)
    with file, st.expander("Add a file", key="suppressions.file", icon=":material/upload_file:"):
        _import(client)
    report: SuppressionImport | None = st.session_state.get(_REPORT)
    if report is not None:
        _told(report)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Part of an address or domain", key="suppressions.search", placeholder="example.com", autocomplete="off"
        )
        reason = st.selectbox(
            "Suppressed because",
            list(SuppressionReason),
            index=None,
            placeholder="any reason",
            format_func=REASONS.__getitem__,
            key="suppressions.reason",
        )
    with told():
        _list(client, search.strip() or None, reason)


def _list(client: ConsoleClient, search: str | None, reason: SuppressionReason | None) -> None:
    place = st.container()
    found = paged(
        lambda cursor: client.suppressions(search=search, reason=reason, limit=PAGE, cursor=cursor),
        key=f"suppressions.{search}.{reason}",
    )
    with place:
        if not found:
            st.caption("None." if search or reason else "Nobody is suppressed yet. Who opts out comes here by itself.")
            return
        st.dataframe([_row(each) for each in found], hide_index=True, key="suppressions.table")
        _remove(client, [each for each in found if removable(each.reason)])


def _row(each: Suppression) -> dict[str, str]:
    return {
        "Address or domain": _value(each),
        "Because": REASONS[each.reason],
        "Note": each.note or "",
        "Since": moment(each.created_at, st.context.timezone or "UTC"),
    }


def _value(each: Suppression) -> str:
    return each.value or f"{each.kind}, of which only a hash is kept"


def _remove(client: ConsoleClient, found: list[Suppression]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Take one back",
            found,
            index=None,
            placeholder="choose one of the list",
            format_func=_value,
            key="suppressions.chosen",
        )
        value = _value(chosen) if chosen else ""
        question = (
            f"camd may write to **{plain(value)}** again, where a campaign has them. Leads that were lost by it stay "
            "lost until somebody reopens them."
        )
        is_asked = confirmed(
            "Remove", question, key="suppressions.remove", verb="Yes, remove it", disabled=chosen is None
        )
        if chosen is not None and is_asked:
            with told():
                client.remove_suppression(chosen.id)
                done(f"{plain(value)} is no longer suppressed.")
                st.rerun()


def _add(client: ConsoleClient) -> None:
    value = st.text_input("Address or domain", key="suppressions.add.value", autocomplete="off", max_chars=500)
    reason = st.selectbox("Why", GIVEN, format_func=REASONS.__getitem__, key="suppressions.add.reason")
    note = st.text_input("Note (may stay empty)", key="suppressions.add.note", max_chars=2000)
    st.caption("A domain covers everybody under it. What is planned for them is cancelled at once, in every campaign.")
    if st.button("Suppress", key="suppressions.add.confirm", type="primary", disabled=not value.strip()):
        with told():
            added = client.add_suppression(
                SuppressionBody(value=value.strip(), reason=reason, note=note.strip() or None)
            )
            done(f"Nobody writes to {plain(_value(added))} any more.")
            st.rerun()


def _import(client: ConsoleClient) -> None:
    file = st.file_uploader("CSV: an address or a domain in the first column", key="suppressions.import.file")
    reason = st.selectbox("Why", GIVEN, format_func=REASONS.__getitem__, key="suppressions.import.reason")
    note = st.text_input("Note (may stay empty)", key="suppressions.import.note", max_chars=2000)
    st.caption("Importing a file again adds nothing twice.")
    if st.button("Import", key="suppressions.import.confirm", type="primary", disabled=file is None) and file:
        with told():
            st.session_state[_REPORT] = client.import_suppressions(file, reason=reason, note=note.strip() or None)
            st.rerun()


def _told(report: SuppressionImport) -> None:
    with st.container(border=True, key="suppressions.report"):
        rejected = report.rows - report.added - report.known
        st.success(
            f"{count(report.rows, 'row')} read: {report.added:,} added, {report.known:,} known already, "
            f"{rejected:,} rejected."
        )
        if report.rejected:
            st.dataframe(
                [{"Line": each.line, "Why it was rejected": each.reason} for each in report.rejected], hide_index=True
            )
        if st.button("Close", key="suppressions.report.close"):
            del st.session_state[_REPORT]
            st.rerun()

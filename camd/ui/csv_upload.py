"""A CSV list before it is imported: which column fills what, which lines are left out and why, and the first people.

Nothing is stored in camd; the file stays with the visitor, also while another tab is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import streamlit as st

from camd.schema.imports import ColumnUse, ImportCheck
from camd.schema.lead import LeadBody
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, plain
from camd.ui.words import told as as_words

CUSTOM = "custom."
ADDRESS = "email"
_SHOWN = 12
"""Columns up to which the mapping is open at once."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """`mapping` has the columns for which the visitor chose another field than the one that was recognised."""

    name: str
    data: bytes
    mapping: dict[str, str]
    check: ImportCheck


def csv_upload(client: ConsoleClient, *, key: str, campaign: int | None) -> CsvFile | None:
    """The file that was chosen, as an import into `campaign` would take it; none while there is none, or while it
    cannot be read, which is told."""
    with st.container():
        chosen = _chosen(key)
        if chosen is None:
            return None
        file = None
        with told():
            file = _as_imported(client, *chosen, key=key, campaign=campaign)
        if file is not None:
            _show(file.check)
    return file


def is_chosen(key: str) -> bool:
    """Also a file that cannot be read."""
    return f"{key}.file" in st.session_state


def forget_csv(key: str) -> None:
    """Once the file was imported, or is no longer wanted."""
    for part in ("file", "checks"):
        st.session_state.pop(f"{key}.{part}", None)


def _chosen(key: str) -> tuple[str, bytes] | None:
    chosen: tuple[str, bytes] | None = st.session_state.get(f"{key}.file")
    if chosen is None:
        st.file_uploader(
            "A list of people as CSV",
            type=["csv", "tsv", "txt"],
            key=f"{key}.upload",
            on_change=_keep,
            args=(key,),
            help="The first line names the columns. Nothing is stored before you say so.",
        )
        return None
    name, data = chosen
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/description: **{plain(name)}** ({_size(len(data))})")
        st.button("Take another file", key=f"{key}.forget", on_click=forget_csv, args=(key,))
    return chosen


def _keep(key: str) -> None:
    if (upload := st.session_state[f"{key}.upload"]) is not None:
        forget_csv(key)
        st.session_state[f"{key}.file"] = (upload.name, upload.getvalue())


def _as_imported(client: ConsoleClient, name: str, data: bytes, *, key: str, campaign: int | None) -> CsvFile:
    recognised = _checked(client, data, {}, key=key, campaign=campaign)
    mapping = _mapping(recognised, key=key)
    return CsvFile(name, data, mapping, _checked(client, data, mapping, key=key, campaign=campaign))


def _checked(
    client: ConsoleClient, data: bytes, mapping: Mapping[str, str], *, key: str, campaign: int | None
) -> ImportCheck:
    """Each mapping is asked for once: a file may be large."""
    checks: dict[object, ImportCheck] = st.session_state.setdefault(f"{key}.checks", {})
    asked = (campaign, *sorted(mapping.items()))
    if asked not in checks:
        with st.spinner("Reading the list…"):
            checks[asked] = client.check_import(BytesIO(data), campaign=campaign, mapping=mapping)
    return checks[asked]


def _mapping(recognised: ImportCheck, *, key: str) -> dict[str, str]:
    columns = recognised.columns
    used = sum(column.field is not None and not column.field.startswith(CUSTOM) for column in columns)
    title = f"Columns: {used} of {len(columns)} were recognised. Put right what is wrong."
    mapping: dict[str, str] = {}
    with st.expander(title, expanded=len(columns) <= _SHOWN, key=f"{key}.columns"):
        st.caption("What is not recognised is kept as a field of its own, for `{{ custom.<name> }}` in your mails.")
        for first in range(0, len(columns), 4):
            for place, (side, column) in enumerate(zip(st.columns(4), columns[first : first + 4], strict=False), first):
                with side:
                    field = _field(column, recognised.fields, key=f"{key}.column.{place}.{column.column}")
                if field is not None and field != column.field:
                    mapping[column.column] = field
    return mapping


def _field(column: ColumnUse, fields: list[str], *, key: str) -> str | None:
    is_own = column.field is not None and column.field.startswith(CUSTOM)
    others = fields if is_own else [*fields, f"{CUSTOM}{column.column}"]
    return st.selectbox(
        plain(column.column) or "(no name)",
        [column.field, *(field for field in others if field != column.field)],
        format_func=_field_words,
        key=key,
        disabled=not column.column.strip(),
        persist_state="session",
    )


def _field_words(field: str | None) -> str:
    if field is None:
        return "passed over"
    if field.startswith(CUSTOM):
        return f"own field: {field.removeprefix(CUSTOM)}"
    return as_words(field)


def _show(check: ImportCheck) -> None:
    st.markdown(_outcome(check))
    if not any(column.field == ADDRESS for column in check.columns):
        st.warning("No column holds addresses. Say above which one does; people without one cannot be written to.")
    if check.rejected:
        with st.expander(f"{count(len(check.rejected), 'line is', 'lines are')} left out"):
            st.dataframe(
                [{"line": line.line, "reason": _reason(line.reason)} for line in check.rejected],
                hide_index=True,
                alt="Lines of the file that cannot become a lead, each with its reason",
            )
    if check.sample:
        st.caption("The first people that would be added")
        st.dataframe([_person(lead) for lead in check.sample], hide_index=True, alt="The first people of the file")


def _outcome(check: ImportCheck) -> str:
    told_of = [
        f"**{count(check.added, 'person', 'people')}** would be added",
        f"{check.duplicates:,} are known already or there twice" if check.duplicates else "",
        f"{check.suppressed:,} may not be written to" if check.suppressed else "",
        f"{len(check.rejected):,} cannot be used" if check.rejected else "",
    ]
    return f"{count(check.rows, 'line')}: {', '.join(filter(None, told_of))}."


def _reason(reason: str) -> str:
    """Such as "bad email: there is no @ in it"."""
    word, colon, text = reason.partition(":")
    return as_words(word) + colon + text


def _person(lead: LeadBody) -> dict[str, str | None]:
    return {
        "name": name_of(lead),
        "e-mail": lead.email,
        "company": lead.company,
        "title": lead.title,
        "country": lead.country,
    }


def name_of(lead: LeadBody) -> str:
    return " ".join(filter(None, (lead.first_name, lead.last_name)))


def _size(length: int) -> str:
    return f"{length / 1_000_000:,.1f} MB" if length >= 1_000_000 else f"{max(1, round(length / 1000)):,} kB"

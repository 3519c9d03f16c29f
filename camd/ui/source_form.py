"""Where a campaign's leads come from by themselves, and whom to ask for what is missing: by what each provider says of
itself, none of them known here."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from camd.domain.waterfall import LEARNABLE
from camd.schema.status import FieldKind, ProviderState, SourceField
from camd.ui.rows import Rows
from camd.ui.sheet import EMPTY, Sheet
from camd.ui.words import listed, plain
from camd.ui.words import told as as_words

SOURCE = "source"
PAID = frozenset({"match", "find", "verify"})
_FLAG = {None: "as usual", True: "yes", False: "no"}
_FRESH: Mapping[str, Any] = {"type": None}


def sources(sheet: Sheet, providers: list[ProviderState]) -> None:
    known = {provider.name: provider.source_fields for provider in providers if SOURCE in provider.roles}
    rows = Rows(f"{sheet.key}.sources", len(sheet.start["sources"]))
    sheet.typed["sources"] = []
    with st.container():
        for place, number in enumerate(rows.numbers()):
            start = sheet.start["sources"][number] if rows.is_given(number) else _FRESH
            with st.container(border=True):
                _source(sheet.row("sources", number, start), place + 1, known)
                rows.buttons(place, "source")
    rows.adder("Add a source that is searched again and again")
    sheet.place_for("sources", "Sources")


def _source(source: Sheet, position: int, known: Mapping[str, list[SourceField]]) -> None:
    source.choice("type", f"Source {position}", list(known), format_func=lambda name: name or "choose one")
    chosen = source.typed["type"]
    if chosen != source.start["type"]:
        # Fields of the same name mean another thing to another provider.
        source = source.restarted(chosen)
    fields = known.get(chosen, [])
    for field in fields:
        _field(source, field)
    kept = source.start.keys() - {"type"} - {field.name for field in fields}
    source.typed.update({name: source.start[name] for name in kept})
    if kept:
        st.caption(f"Also set, and kept as it is: {plain(listed(sorted(kept)))}")


def _field(source: Sheet, field: SourceField) -> None:
    label = plain(as_words(field.name)).capitalize() + ("" if field.required else " (optional)")
    about = plain(field.about)
    match field.kind:
        case FieldKind.TEXT:
            source.line(field.name, label, help=about, placeholder=field.about)
        case FieldKind.NUMBER:
            source.whole(field.name, label, help=about, placeholder=field.about)
        case FieldKind.FLAG:
            source.choice(field.name, label, list(_FLAG), format_func=_FLAG.__getitem__, help=about)
        case FieldKind.LIST:
            source.names(field.name, label, help=about, placeholder=field.about)
        case FieldKind.TABLE:
            _table(source, field.name, label, help=about, placeholder=field.about)
    if source.typed[field.name] in EMPTY:
        # The provider's own default counts.
        del source.typed[field.name]


def _table(source: Sheet, name: str, label: str, **how: Any) -> None:
    """One `name = value` on each line. A text that is none goes on as it is: camd says what is wrong with it."""
    start: Mapping[str, Any] = source.start.get(name) or {}
    shown = "\n".join(f"{given} = {value}" for given, value in start.items())
    typed = st.text_area(
        f"{label}: name = value, one on each line",
        shown,
        key=f"{source.key}.{name}",
        persist_state="session",
        **how,
    )
    lines = [line.rpartition("=") for line in typed.splitlines() if line.strip()]
    read = {given.strip(): _value(value.strip()) for given, equals, value in lines if equals}
    source.put(name, label, start if typed == shown else read if len(read) == len(lines) else typed)


def _value(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() else text


def enrichment(part: Sheet, providers: list[ProviderState]) -> None:
    st.caption("Asked in this order, only about what is missing, and never in a dry run. None chosen: nothing is paid.")
    paid = [provider.name for provider in providers if PAID & set(provider.roles)]
    part.names("providers", "Providers", paid, is_open=False)
    part.amount("credits_per_day", "Credits a day, at most", most=1_000_000.0, placeholder="no limit", format="%g")
    part.names(
        "facts", "Facts worth paying for, beside an address", sorted(LEARNABLE), is_open=False, format_func=as_words
    )
    part.flag("recheck_catch_all", "A second provider judges addresses that the first calls catch-all")

"""The widgets of a campaign definition: what was typed goes into one body, and what is wrong is told at its field.

What was typed stays while another tab is open, under the keys of the sheet: another key begins anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from camd.schema.definition import CampaignBody
from camd.schema.problem import FieldProblem, field_problems
from camd.ui.words import plain

EMPTY: tuple[object, ...] = (None, "", [], (), {})
_DIGITS = 6
"""Of a percentage; what was stored with more stays as it is until somebody changes it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the problem of a field is told, and what the field is called at the end of the form."""

    label: str
    problem: DeltaGenerator
    is_empty: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A part of the body whose path begins with `path`. `start` are its values before, `typed` those of now."""

    key: str
    start: Mapping[str, Any]
    path: str = ""
    typed: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def part(self, name: str) -> "Sheet":
        """An object within this one."""
        typed = self.typed.setdefault(name, {})
        return Sheet(f"{self.key}.{name}", self.start[name], f"{self.path}{name}.", typed, self.places)

    def row(self, name: str, number: int, start: Mapping[str, Any]) -> "Sheet":
        """The next object of a list within this one; `number` is its own for as long as it is there."""
        rows: list[dict[str, Any]] = self.typed.setdefault(name, [])
        rows.append({})
        path = f"{self.path}{name}.{len(rows) - 1}."
        return Sheet(f"{self.key}.{name}.{number}", start, path, rows[-1], self.places)

    def line(self, name: str, label: str, **how: Any) -> None:
        """`how`, here and below, are arguments of Streamlit's own."""
        start = self.start.get(name) or ""
        typed = st.text_input(label, start, key=self._key(name), persist_state="session", **how)
        self.put(name, label, start if typed == start else typed.strip())

    def text(self, name: str, label: str, **how: Any) -> None:
        self.put(
            name,
            label,
            st.text_area(label, self.start.get(name) or "", key=self._key(name), persist_state="session", **how),
        )

    def whole(self, name: str, label: str, least: int = 0, most: int | None = None, **how: Any) -> None:
        self.put(
            name,
            label,
            st.number_input(
                label, least, most, self.start.get(name), 1, key=self._key(name), persist_state="session", **how
            ),
        )

    def amount(self, name: str, label: str, *, most: float | None = None, step: float = 1.0, **how: Any) -> None:
        start = self.start.get(name)
        typed = st.number_input(
            label,
            0.0,
            most,
            None if start is None else float(start),
            step,
            how.pop("format", "%.2f"),
            key=self._key(name),
            persist_state="session",
            **how,
        )
        self.put(name, label, typed)

    def share(self, name: str, label: str, **how: Any) -> None:
        """A fraction, typed as a percentage."""
        start = self.start[name]
        shown = round(start * 100, _DIGITS)
        typed = st.number_input(
            f"{label} (%)", 0.0, 100.0, shown, 1.0, "%g", key=self._key(name), persist_state="session", **how
        )
        self.put(name, label, start if typed == shown else typed / 100 if typed is not None else None)

    def flag(self, name: str, label: str, **how: Any) -> None:
        start = bool(self.start.get(name))
        self.put(name, label, st.checkbox(label, start, key=self._key(name), persist_state="session", **how))

    def choice(self, name: str, label: str, options: Sequence[Any], **how: Any) -> None:
        """What the body has stands among the options, also where it is none of them."""
        start = self.start.get(name)
        known = list(options) if start in options else [start, *options]
        chosen = st.selectbox(label, known, known.index(start), key=self._key(name), persist_state="session", **how)
        self.put(name, label, chosen)

    def names(self, name: str, label: str, options: Iterable[str] = (), *, is_open: bool = True, **how: Any) -> None:
        """Several, with `is_open` also such as are no option."""
        start = list(self.start.get(name) or ())
        chosen = st.multiselect(
            label,
            list(dict.fromkeys((*start, *options))),
            start,
            key=self._key(name),
            persist_state="session",
            accept_new_options=is_open,
            **how,
        )
        self.put(name, label, chosen)

    def put(self, name: str, label: str, value: Any) -> None:
        """Keeps a value that a widget right above gave."""
        self.typed[name] = value
        self.places[self.path + name] = Place(label, st.empty(), value in EMPTY)

    def place_for(self, name: str, label: str) -> None:
        """Where the problems of a whole part are told, those that no field of it has."""
        self.places[self.path + name] = Place(label, st.empty(), is_empty=False)

    def restarted(self, begin: str) -> "Sheet":
        """The same part with nothing in it but its `type`, for fields that mean another thing from now on."""
        return Sheet(f"{self.key}.{begin}", {"type": begin}, self.path, self.typed, self.places)

    def _key(self, name: str) -> str:
        return f"{self.key}.{name}"

    def body(self) -> CampaignBody | None:
        """What was typed; none while something in it is wrong, which is told."""
        try:
            return CampaignBody.model_validate(_filled(self.typed))
        except ValidationError as error:
            self.tell(field_problems(error))
            return None

    def tell(self, problems: Iterable[FieldProblem]) -> None:
        """Each at its field, and all of them here."""
        at_fields: dict[str, list[str]] = {}
        here = []
        for problem in problems:
            path = self._nearest(problem.field)
            if path is None:
                here.append(f"{plain(problem.field)}: {plain(problem.message)}")
            else:
                at_fields.setdefault(path, []).append(problem.message)
        for path, messages in at_fields.items():
            here.append(self._tell_at(self.places[path], messages))
        st.warning("Before it goes on:\n" + "".join(f"\n- {line}" for line in here))

    def _tell_at(self, place: Place, messages: list[str]) -> str:
        if place.is_empty:
            place.problem.caption(":orange[:material/edit: still needed]")
            return f"**{place.label}** is still needed"
        told = plain("; ".join(messages))
        place.problem.markdown(f":red[:material/error: {told}]")
        return f"**{place.label}**: {told}"

    def _nearest(self, path: str) -> str | None:
        """The field that a path such as `icp.countries.0` lies in."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return path or None


def _filled(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Without an empty text, which is none."""
    return {name: None if value == "" else value for name, value in typed.items()}

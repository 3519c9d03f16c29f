"""The facts of a lead as fields of a form, and what was changed in them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from camd.schema.lead import Lead
from camd.ui.words import number

TEXTS: Mapping[str, str] = {
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "title": "Title",
    "seniority": "Seniority",
    "company": "Company",
    "domain": "Company's domain",
    "industry": "Industry",
    "country": "Country",
    "city": "City",
    "timezone": "Time zone",
    "language": "Language",
    "linkedin_url": "LinkedIn",
    "phone": "Phone",
    "consent": "Consent",
}
LABELS: Mapping[str, str] = {
    **TEXTS,
    "employee_count": "Employees",
    "expected_mrr": "Expected revenue a month",
    "tags": "Tags",
    "custom": "Other facts",
}
_EXAMPLES: Mapping[str, str] = {
    "country": "AT",
    "timezone": "Europe/Vienna",
    "language": "de-AT",
    "consent": "to what they agreed, when and where",
    "tags": "hot, fair 2026",
    "custom": "plan = gold",
}
_COLUMNS = 3


def shown(lead: Lead) -> dict[str, str]:
    """Every fact as text, empty where it is not known."""
    facts = {name: getattr(lead, name) or "" for name in TEXTS}
    facts["employee_count"] = "" if lead.employee_count is None else str(lead.employee_count)
    facts["expected_mrr"] = "" if lead.expected_mrr is None else number(lead.expected_mrr).replace(",", "")
    facts["tags"] = ", ".join(lead.tags)
    facts["custom"] = "\n".join(f"{name} = {value}" for name, value in lead.custom.items())
    return facts


def fields(lead: Lead | None) -> dict[str, str]:
    """What stands in the fields, by the name of the fact. Without keys of their own they begin anew when a fact was
    changed elsewhere, so that nothing is set back unseen."""
    before = shown(lead) if lead else {}
    typed: dict[str, str] = {}
    names = [name for name in LABELS if name != "custom"]
    for first in range(0, len(names), _COLUMNS):
        for column, name in zip(st.columns(_COLUMNS), names[first : first + _COLUMNS], strict=False):
            typed[name] = column.text_input(LABELS[name], before.get(name, ""), placeholder=_EXAMPLES.get(name))
    typed["custom"] = st.text_area(LABELS["custom"], before.get("custom", ""), placeholder=_EXAMPLES["custom"])
    return typed


def as_patch(typed: Mapping[str, str], lead: Lead | None) -> dict[str, Any]:
    """The facts that differ from those of `lead`, as values of `LeadPatch`, which checks them."""
    before = shown(lead) if lead else dict.fromkeys(typed, "")
    return {name: _value(name, text.strip()) for name, text in typed.items() if text.strip() != before[name].strip()}


def _value(name: str, text: str) -> Any:
    """`Any`: the schema's model checks it."""
    match name:
        case "tags":
            return [tag.strip() for tag in text.split(",") if tag.strip()]
        case "custom":
            pairs = (line.partition("=") for line in text.splitlines() if line.strip())
            return {key.strip(): value.strip() for key, _, value in pairs}
        case "expected_mrr" | "employee_count":
            return Decimal(text) if _is_number(text) else text or None
        case _:
            return text or None


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal() and text.isascii()

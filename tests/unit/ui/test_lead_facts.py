"""A lead's facts as text and back: only what was changed is sent, and an emptied field empties the fact."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.schema.lead import Lead, LeadBody
from camd.ui import lead_facts

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Patch = Callable[..., dict[str, Any]]
KNOWN = LeadBody(
    email="ann@firm.example",
    first_name="Ann",
    employee_count=1200,
    expected_mrr=Decimal("1250.50"),
    tags=("hot", "fair"),
    custom={"plan": "gold", "note": "a = b"},
)


@pytest.fixture
def ann(camd: "ServedWorld") -> Lead:
    campaign = camd.do(camd.world.campaign(active=False))
    return camd.client.add_lead(campaign.id, KNOWN)


@pytest.fixture
def patch(ann: Lead) -> Patch:
    """What is sent where these fields were typed into."""
    return lambda **typed: lead_facts.as_patch({**lead_facts.shown(ann), **typed}, ann)


def test_what_was_left_alone_is_not_sent(patch: Patch) -> None:
    assert patch() == {}
    assert patch(title=" Owner ") == {"title": "Owner"}


def test_an_emptied_field_empties_the_fact(patch: Patch) -> None:
    assert patch(first_name="", employee_count="", expected_mrr=" ", tags="", custom="") == {
        "first_name": None,
        "employee_count": None,
        "expected_mrr": None,
        "tags": [],
        "custom": {},
    }


def test_lists_and_numbers_are_read_as_they_are_shown(ann: Lead, patch: Patch) -> None:
    shown = lead_facts.shown(ann)
    assert (shown["expected_mrr"], shown["employee_count"], shown["tags"]) == ("1250.5", "1200", "hot, fair")
    assert patch(expected_mrr="99.90") == {"expected_mrr": Decimal("99.90")}
    assert patch(tags="hot,, new ") == {"tags": ["hot", "new"]}
    assert patch(custom=shown["custom"] + "\nsize=L\n\n") == {"custom": {"plan": "gold", "note": "a = b", "size": "L"}}


@pytest.mark.parametrize("text", ["1,5", "٣", "-1", "many", "1.2.3"])
def test_what_is_no_number_is_left_to_the_schema_to_refuse(patch: Patch, text: str) -> None:
    assert patch(expected_mrr=text) == {"expected_mrr": text}

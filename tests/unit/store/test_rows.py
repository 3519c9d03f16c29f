"""Records and rows."""

from dataclasses import replace
from datetime import UTC, datetime

from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.ports.records import Touch, TouchStatus
from camd.store.rows import changed, columns_of, values
from camd.store.sending_tables import touches

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOUCH = Touch(TouchId("to_1"), CampaignId(1), LeadId("ld_1"), 1, "email", TouchStatus.APPROVED, NOON)


def test_a_record_is_its_values_by_name_and_made_again_of_them_in_order() -> None:
    assert values(TOUCH)["status"] is TouchStatus.APPROVED
    assert Touch(*values(TOUCH).values()) == TOUCH
    assert [column.name for column in columns_of(touches, Touch)] == list(values(TOUCH))


def test_only_what_differs_has_changed() -> None:
    assert changed(TOUCH, replace(TOUCH)) == {}
    assert changed(TOUCH, replace(TOUCH, reason="later", due_at=NOON)) == {"reason": "later"}
    assert changed(replace(TOUCH, reason="later"), TOUCH) == {"reason": None}

"""A person's facts as a caller sends them."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from camd.schema.lead import HoldBody, LeadBody, LeadPatch
from camd.schema.problem import field_problems
from camd.schema.values import Instant


def test_a_patch_knows_what_was_left_out_from_what_was_emptied() -> None:
    patch = LeadPatch.model_validate({"title": None, "city": "  ", "tags": None, "custom": None, "phone": "1"})
    assert patch.changes() == {"title": None, "city": None, "tags": (), "custom": {}, "phone": "1"}


def test_a_tag_counts_once() -> None:
    assert LeadPatch.model_validate({"tags": ["a", "b", "a"]}).tags == ("a", "b")


def test_a_country_code_is_written_in_capitals_and_a_name_stays() -> None:
    assert [LeadPatch(country=text).country for text in ("de", "Deutschland")] == ["DE", "Deutschland"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_name": "A\r\nBcc: x@y.example"},
        {"email": "a\0@firm.example"},
        {"timezone": "Mars/Olympus"},
        {"employee_count": -1},
        {"expected_mrr": 1.234},
        {"custom": {"not a name": "x"}},
        {"custom": {"long": "x" * 1001}},
        {"colour": "red"},
    ],
)
def test_fault_71_a_fact_that_could_do_harm_names_its_field(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        LeadPatch.model_validate(wrong)
    assert [problem.field.split(".")[0] for problem in field_problems(refused.value)] == list(wrong)


def test_a_problem_never_repeats_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        LeadBody.model_validate({"email": "canary\n@firm.example", "source": "canary@firm.example"})
    told = field_problems(refused.value)
    assert len(told) == 2
    assert "canary" not in repr(told)


def test_instants_are_read_with_their_zone_and_printed_in_utc_with_z() -> None:
    instant = HoldBody.model_validate({"until": "2026-03-02T10:00:00+01:00"}).until
    assert instant == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert TypeAdapter(Instant).dump_json(instant) == b'"2026-03-02T09:00:00Z"'
    with pytest.raises(ValidationError):
        HoldBody.model_validate({"until": "2026-03-02T10:00:00"})
